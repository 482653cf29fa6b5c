#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes common_passwords.c from a list of passwords, one a line, most common first or in any order.

    zcat common-passwords.txt.gz | ./common_passwords.py > common_passwords.c

The list in use is the one of Django (django/contrib/auth/common-passwords.txt.gz, 3-clause BSD licence); see
common_passwords.LICENSE.
"""
import sys

# Blocks are string literals: C promises room for 4095 characters in one.
BLOCK_MAX = 4000


def words_of(lines):
    """Folded, each once, sorted by bytes; without what only a broken conversion of character sets made."""
    words = {line.rstrip(b"\r\n").decode("utf-8").lower() for line in lines}
    return sorted(word.encode() for word in words if word and "пїѕ" not in word and "\ufffd" not in word)


def blocks_of(words):
    block = b""
    for word in words:
        if len(block) + len(word) + 1 > BLOCK_MAX:
            yield block
            block = b""
        block += word + b"\n"
    yield block


def literal(line):
    text = ""
    for byte in line:
        if byte in b'"\\':
            text += "\\" + chr(byte)
        elif byte == 0x3F:
            text += "\\?"  # no trigraphs
        elif 0x20 <= byte < 0x7F:
            text += chr(byte)
        else:
            text += f"\\{byte:03o}"
    return text


def literal_lines(block):
    line = ""
    for word in block.splitlines():
        text = literal(word) + "\\n"
        if line and len(line) + len(text) > 90:
            yield line
            line = ""
        line += text
    yield line


def main():
    words = words_of(sys.stdin.buffer)
    blocks = list(blocks_of(words))
    print("/* SPDX-License-Identifier: MIT */")
    print("/* Common passwords, folded and sorted by bytes. Made by common_passwords.py; the list's licence: common_passwords.LICENSE. */")
    print('#include "common_passwords.h"\n')
    print(f"const size_t shop_common_password_count = {len(words)};")
    print(f"const size_t shop_common_password_block_count = {len(blocks)};\n")
    print(f"const char shop_common_password_blocks[{len(blocks)}][SHOP_COMMON_PASSWORD_BLOCK] = {{")
    for block in blocks:
        rows = [f'     "{line}"' for line in literal_lines(block)]
        rows[0] = "    " + rows[0].lstrip()
        print("\n".join(rows) + ",")
    print("};")


main()
