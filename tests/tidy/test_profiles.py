# SPDX-License-Identifier: BSD-3-Clause
"""The port profiles in drivers-cfg/ are well-formed, and no driver has two."""

import tomllib
import unittest
from pathlib import Path

PROFILES = Path(__file__).resolve().parents[2] / "drivers-cfg"
TYPES = {
    "driver": list,
    "lossless_when_not_polled": bool,
    "rx_descriptors": int,
    "rx_queue_count_supported": bool,
    "mbufs_held_by_driver": str,
    "basis": str,
    "notes": str,
}


def problems(name, text):
    """The problems of one profile, as sentences."""
    try:
        profile = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return [f"{name}: {error}"]
    wrong = [f"{name}: {key} is missing or unknown" for key in profile.keys() ^ TYPES.keys()]
    for key, kind in TYPES.items():
        if key in profile and type(profile[key]) is not kind:
            wrong.append(f"{name}: {key} is no {kind.__name__}")
    if profile.get("basis") not in ("measured", "symbols", "cautious"):
        wrong.append(f"{name}: basis is measured, symbols or cautious")
    return wrong


class Profiles(unittest.TestCase):
    def test_all_are_well_formed(self):
        found = sorted(PROFILES.glob("*.toml"))
        self.assertGreaterEqual(len(found), 13)
        drivers = []
        for path in found:
            text = path.read_text(encoding="utf-8")
            self.assertEqual(problems(path.name, text), [])
            drivers += tomllib.loads(text)["driver"]
        self.assertEqual(len(drivers), len(set(drivers)))

    def test_a_bad_one_is_seen(self):
        good = (PROFILES / "net_pcap.toml").read_text(encoding="utf-8")
        for bad in (
            good + "extra = 1\n",
            good.replace("rx_descriptors = 1024", ""),
            good.replace("rx_descriptors = 1024", "rx_descriptors = true"),
            good.replace('"measured"', '"hearsay"'),
            good.replace("=", "", 1),
        ):
            self.assertNotEqual(problems("bad", bad), [])


if __name__ == "__main__":
    unittest.main()
