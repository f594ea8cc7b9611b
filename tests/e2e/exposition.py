# SPDX-License-Identifier: BSD-3-Clause
"""Reads Prometheus's text format, version 0.0.4, as strictly as its description says, and no text
that escd has no reason to write: no time stamps, no blank lines, no comments but HELP and TYPE.
"""

import re
from dataclasses import dataclass, field

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
HELP = re.compile(rf"# HELP ({NAME}) ((?:[^\\\n]|\\\\|\\n)+)")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge)")
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)')
VALUE = re.compile(r"\d+|\d+(\.\d+)?(e[+-]\d+)?|[+-]Inf|NaN")
NO_BASE_UNITS = ("_ms", "_us", "_ns", "_milliseconds", "_microseconds", "_percent", "_kilobytes")


class Malformed(Exception):
    """With the line."""


@dataclass
class Family:
    help: str
    kind: str = ""
    series: dict[tuple[tuple[str, str], ...], str] = field(default_factory=dict)


def unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], value)


def labels(text: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    while text:
        found = LABEL.match(text)
        if not found:
            raise Malformed(f"no label: {text}")
        pairs.append((found[1], unescaped(found[2])))
        text = text[found.end() :]
        if found[3] == "," and not text:
            raise Malformed("a comma at the end")
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise Malformed(f"a label twice: {names}")
    return tuple(pairs)


def check_name(name: str, kind: str) -> None:
    if not re.fullmatch(r"escd_[a-z0-9_]+", name):
        raise Malformed(f"a strange name: {name}")
    if name.endswith("_total") != (kind == "counter"):
        raise Malformed(f"_total is for counters: {name}")
    if name.removesuffix("_total").endswith(NO_BASE_UNITS):
        raise Malformed(f"no base unit: {name}")


def parse(text: str) -> dict[str, Family]:
    """By name. Raises Malformed."""
    if not text.endswith("\n"):
        raise Malformed("the last line does not end")
    families: dict[str, Family] = {}
    name = ""
    for line in text[:-1].split("\n"):
        if found := HELP.fullmatch(line):
            name = found[1]
            if name in families:
                raise Malformed(f"a family in two places: {line}")
            families[name] = Family(found[2])
        elif found := TYPE.fullmatch(line):
            if found[1] != name or families[name].kind or families[name].series:
                raise Malformed(f"a type out of place: {line}")
            check_name(name, found[2])
            families[name].kind = found[2]
        elif found := SAMPLE.fullmatch(line):
            if found[1] != name or not families[name].kind:
                raise Malformed(f"a sample out of place: {line}")
            key = labels(found[2] or "")
            if key in families[name].series:
                raise Malformed(f"a series twice: {line}")
            if not VALUE.fullmatch(found[3]):
                raise Malformed(f"no value: {line}")
            families[name].series[key] = found[3]
        else:
            raise Malformed(f"no line of the format: {line!r}")
    for name, family in families.items():
        if not family.series:
            raise Malformed(f"a family without series: {name}")
    return families
