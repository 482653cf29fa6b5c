# SPDX-License-Identifier: MIT
# Warnings are errors; hardened builds; sanitizers by SHOP_SANITIZE.
add_library(shop_warnings INTERFACE)
target_compile_options(shop_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes
    -Wold-style-definition -Wundef -Wcast-qual -Wwrite-strings -Wpointer-arith -Wformat=2 -Wvla -Wnull-dereference
    -fno-strict-aliasing -fno-common -fno-omit-frame-pointer -g)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(shop_warnings INTERFACE -Wlogical-op -Wduplicated-cond -Wjump-misses-init)
endif()
if(SHOP_SANITIZE)
    target_compile_options(shop_warnings INTERFACE -fsanitize=${SHOP_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(shop_warnings INTERFACE -fsanitize=${SHOP_SANITIZE})
    # Sanitizers instrument what makes -Wnull-dereference and -Wmaybe-uninitialized see ghosts.
    target_compile_options(shop_warnings INTERFACE -Wno-null-dereference
                           $<$<C_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-format-truncation>)
else()
    target_compile_options(shop_warnings INTERFACE -fstack-protector-strong -fstack-clash-protection -fcf-protection
                           $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
    target_link_options(shop_warnings INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()
