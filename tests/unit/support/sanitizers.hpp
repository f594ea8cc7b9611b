// SPDX-License-Identifier: BSD-3-Clause
// Which sanitizer this is compiled for, the same for both compilers.
#pragma once

#if defined(__SANITIZE_THREAD__)
#define ESC_UNDER_TSAN 1
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ESC_UNDER_ASAN 1
#endif
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ESC_UNDER_TSAN 1
#endif
#if __has_feature(address_sanitizer)
#define ESC_UNDER_ASAN 1
#endif
#endif
