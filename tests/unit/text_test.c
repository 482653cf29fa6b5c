/* SPDX-License-Identifier: MIT */
/* Text: UTF-8, folding, accepted forms, numbers, RFC 3339. */
#include <criterion/criterion.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../libshop/core/text.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct sample {
    const char *text;
    size_t len;
};

#define SAMPLE(literal)                                                                                                        \
    {                                                                                                                          \
        literal, sizeof(literal) - 1                                                                                           \
    }

/* A test's own encoder, also of what must not be. */
static size_t encode(uint32_t c, char out[4])
{
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = size; i-- > 1; c >>= 6)
        out[i] = (char)(unsigned char)(0x80U | (c & 0x3FU));
    out[0] = (char)(unsigned char)(lead[size] | c);
    return size;
}

Test(utf8, every_code_point_and_no_surrogate_decodes)
{
    for (uint32_t c = 0; c <= 0x110000; c++) {
        char bytes[4];
        size_t size = encode(c, bytes);
        uint32_t decoded = UINT32_MAX;
        bool good = c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
        cr_assert_eq(shop_utf8_decode(bytes, size, &decoded), good ? size : 0, "U+%04X", c);
        cr_assert_eq(decoded, good ? c : UINT32_MAX);
        cr_assert_eq(shop_utf8_valid(bytes, size), good);
        cr_assert_not(size > 1 && shop_utf8_valid(bytes, size - 1), "U+%04X cut off", c);
    }
}

/*
 * Of all texts of three bytes exactly those are well-formed that are three characters of one byte
 * (128^3), one of one and one of two bytes in either order (2 * 128 * 1920), or one of three
 * (63488 less 2048 surrogates).
 */
Test(utf8, exactly_the_well_formed_three_byte_texts_are_valid)
{
    size_t valid = 0;
    for (uint32_t i = 0; i < 1U << 24; i++) {
        char text[3];
        memcpy(text, &i, sizeof text);
        valid += shop_utf8_valid(text, sizeof text);
    }
    cr_assert_eq(valid, 128 * 128 * 128 + 2 * 128 * 1920 + 63488 - 2048);
}

Test(utf8, a_bad_byte_is_found_wherever_it_stands)
{
    char text[40];
    for (size_t len = 1; len <= sizeof text; len++)
        for (size_t bad = 0; bad < len; bad++) {
            memset(text, 'a', len);
            cr_assert(shop_utf8_valid(text, len));
            text[bad] = (char)0x80;
            cr_assert_not(shop_utf8_valid(text, len));
        }
}

Test(utf8, characters_are_counted_not_bytes)
{
    cr_assert_eq(shop_utf8_count("", 0), 0);
    cr_assert_eq(shop_utf8_count("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 10), 4);
}

Test(text, a_line_has_no_controls_and_a_block_has_line_breaks)
{
    static const struct sample both[] = {SAMPLE(""), SAMPLE("caf\xC3\xA9 \xE2\x82\xAC 5"), SAMPLE("\xC2\xA0")};
    static const struct sample block_only[] = {SAMPLE("a\nb"), SAMPLE("a\tb"), SAMPLE("a\r\nb")};
    static const struct sample neither[] = {SAMPLE("a\0b"),          SAMPLE("\x01"),          SAMPLE("\x1B[0m"), SAMPLE("\x7F"),
                                            SAMPLE("\xC2\x80"),      SAMPLE("\xC2\x9F"),      SAMPLE("\xFF"),    SAMPLE("\x0B"),
                                            SAMPLE("a\xE2\x80\xA8"), SAMPLE("a\xE2\x80\xA9"), SAMPLE("\xC3")};
    for (size_t i = 0; i < COUNT(both); i++) {
        cr_assert(shop_text_is_line(both[i].text, both[i].len));
        cr_assert(shop_text_is_block(both[i].text, both[i].len));
    }
    for (size_t i = 0; i < COUNT(block_only); i++) {
        cr_assert_not(shop_text_is_line(block_only[i].text, block_only[i].len));
        cr_assert(shop_text_is_block(block_only[i].text, block_only[i].len));
    }
    for (size_t i = 0; i < COUNT(neither); i++) {
        cr_assert_not(shop_text_is_line(neither[i].text, neither[i].len), "%zu", i);
        cr_assert_not(shop_text_is_block(neither[i].text, neither[i].len), "%zu", i);
    }
}

Test(text, trimming_takes_white_space_off_both_ends_only)
{
    const char *s = " \t\r\n\v\f a b \n";
    size_t len = strlen(s);
    shop_text_trim(&s, &len);
    cr_assert_eq(len, 3);
    cr_assert_eq(memcmp(s, "a b", 3), 0);
    s = " \n ";
    len = 3;
    shop_text_trim(&s, &len);
    cr_assert_eq(len, 0);
}

Test(text, words_are_what_stands_between_spaces)
{
    const char text[] = "  one tw\to  \0three ";
    const size_t len = sizeof text - 1;
    static const struct {
        size_t at, len;
    } words[] = {{2, 3}, {6, 4}, {12, 6}};
    size_t at = 0;
    size_t word_len = 0;
    for (size_t i = 0; i < COUNT(words); i++) {
        cr_assert(shop_text_next_word(text, len, &at, &word_len));
        cr_assert_eq(at, words[i].at, "%zu", i);
        cr_assert_eq(word_len, words[i].len, "%zu", i);
        at += word_len;
    }
    cr_assert_not(shop_text_next_word(text, len, &at, &word_len));
    at = 0;
    cr_assert_not(shop_text_next_word(NULL, 0, &at, &word_len));
    cr_assert_not(shop_text_next_word("   ", 3, &at, &word_len));
}

Test(text, ascii_folding_leaves_other_bytes_alone)
{
    char out[16];
    shop_ascii_fold(out, "@AZ[`az{\xC3\x84", 10);
    cr_assert_eq(memcmp(out, "@az[`az{\xC3\x84", 10), 0);
}

Test(text, search_folding_covers_the_promised_scripts)
{
    static const struct {
        const char *text, *folded;
    } pairs[] = {
        {"Hello, WORLD 42!", "hello, world 42!"},
        {"ÀÖØÞ÷×ß", "àöøþ÷×ß"},
        {"ŁÓDŹ ŠKODA ŸĲŁŻŽĀĶĹŇŊ", "łódź škoda ÿĳłżžāķĺňŋ"},
        {"İstanbul", "istanbul"},
        {"ΆΈΉΊΌΎΏ ΑΣΩ ΟΔΟΣ οδος", "άέήίόύώ ασω οδοσ οδοσ"},
        {"ЁЖ ПРИВЕТ ҐЄЇ ӀӁҊӐ", "ёж привет ґєї ӏӂҋӑ"},
        {"ſ µ", "s μ"},
        {"日本 😀 ⅠⅡ", "日本 😀 ⅠⅡ"},
        {"\xFF\xC3", "\xFF\xC3"},
    };
    for (size_t i = 0; i < COUNT(pairs); i++) {
        char out[128];
        size_t len = shop_text_fold(out, pairs[i].text, strlen(pairs[i].text));
        out[len] = '\0';
        cr_assert_str_eq(out, pairs[i].folded);
    }
}

Test(text, search_folding_is_idempotent_never_longer_and_works_in_place)
{
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        char bytes[4], once[4], twice[4];
        size_t size = encode(c, bytes);
        size_t len = shop_text_fold(once, bytes, size);
        cr_assert_leq(len, size);
        cr_assert_eq(shop_text_fold(twice, once, len), len);
        cr_assert_eq(memcmp(once, twice, len), 0, "U+%04X", c);
        cr_assert_eq(shop_text_fold(bytes, bytes, size), len);
        cr_assert_eq(memcmp(bytes, once, len), 0);
    }
}

Test(text, slugs)
{
    static const char *const good[] = {"a", "0", "red-shoes-42", "a-b-c", "x1"};
    static const char *const bad[] = {"",    "-",   "-a",          "a-",  "a--b", "A",
                                      "a_b", "a b", "caf\xC3\xA9", "a.b", "a/b",  "0123456789a"};
    for (size_t i = 0; i < COUNT(good); i++)
        cr_assert(shop_text_is_slug(good[i], strlen(good[i]), 12), "%s", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        cr_assert_not(shop_text_is_slug(bad[i], strlen(bad[i]), 10), "%s", bad[i]);

    char out[9];
    cr_assert(shop_text_fold_slug(out, "Red-SHOE", 8, 8));
    cr_assert_eq(memcmp(out, "red-shoe", 8), 0);
    cr_assert_not(shop_text_fold_slug(out, "Red Shoe", 8, 8));
}

Test(text, emails)
{
    static const char *const good[] = {
        "a@b.co",
        "first.last+tag@sub.example.com",
        "o'neil_x-1@xn--bcher-kva.example",
        "j\xC3\xB6rg@example.org",
        "UPPER@EXAMPLE.COM",
        "1@2.x3",
    };
    static const char *const bad[] = {
        "",
        "a",
        "@",
        "a@",
        "@b.co",
        "a@b",
        "a@@b.co",
        "a@b@c.co",
        "a b@c.co",
        " a@b.co",
        "a@b.co ",
        "a\n@b.co",
        "\"a\"@b.co",
        "a@b..co",
        "a@.co",
        "a@b.co.",
        "a@-b.co",
        "a@b-.co",
        "a@b_c.co",
        ".a@b.co",
        "a.@b.co",
        "a..b@c.co",
        "a@1.2.3.4",
        "a@[1.2.3.4]",
        "<a@b.co>",
        "a,b@c.co",
        "a;b@c.co",
        "a@b\xC3\xB6.co",
        "a\xC2\xA0@b.co",
        "a\xE2\x80\xAE@b.co",
        "a\xFF@b.co",
        "a\xC2\x85@b.co",
    };
    for (size_t i = 0; i < COUNT(good); i++)
        cr_assert(shop_text_is_email(good[i], strlen(good[i])), "%s", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        cr_assert_not(shop_text_is_email(bad[i], strlen(bad[i])), "%s", bad[i]);
    cr_assert_not(shop_text_is_email("a\0@b.co", 7));
}

Test(text, email_lengths_are_limited)
{
    char text[300];
    memset(text, 'a', sizeof text);
    memcpy(text + 64, "@b.co", 5);
    cr_assert(shop_text_is_email(text, 69));
    cr_assert_not(shop_text_is_email(text + 63, 0));
    memset(text, 'a', sizeof text);
    memcpy(text + 65, "@b.co", 5);
    cr_assert_not(shop_text_is_email(text, 70));

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 50 == 49 ? '.' : 'a';
    text[1] = '@';
    cr_assert(shop_text_is_email(text, 254));
    cr_assert_not(shop_text_is_email(text, 255));
    memset(text + 2, 'a', sizeof text - 2);
    memcpy(text + 2 + 63, ".co", 3);
    cr_assert(shop_text_is_email(text, 68));
    memcpy(text + 2 + 63, "a.co", 4);
    cr_assert_not(shop_text_is_email(text, 69));
}

Test(text, image_urls)
{
    static const char *const good[] = {
        "/media/x.svg",          "/",
        "http://example.com",    "https://example.com/a/b.png?w=1&h=2#top",
        "HTTPS://EXAMPLE.COM/x", "http://localhost:8000/x.png",
        "http://127.0.0.1/x",    "https://[::1]:8443/x",
        "https://a.b?x",         "https://a.b/caf\xC3\xA9.png",
        "https://a.b/%20x",
    };
    static const char *const bad[] = {
        "",
        "x.png",
        "//evil.example/x.png",
        "/\\evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:image/png;base64,AAAA",
        "ftp://a.b/x",
        "http:/a.b",
        "http://",
        "https:///x",
        "http://user@a.b/x",
        "http://user:pw@a.b/x",
        "http://a.b:0/",
        "http://a.b:65536/",
        "http://a.b:/",
        "http://a.b:8x/",
        "http://a..b/",
        "http://-a.b/",
        "https://[::1/x",
        "https://[]/x",
        "https://[::1]x/",
        "https://a.b/a b",
        " https://a.b/",
        "https://a.b/\n",
        "https://a.b/<x>",
        "https://a.b/\"x",
        "https://a.b/%",
        "https://a.b/%2",
        "https://a.b/%zz",
        "https://a.b/\xFF",
        "https://a.b/\xE2\x80\xA8",
        "https://a.b/\xC2\xA0",
    };
    for (size_t i = 0; i < COUNT(good); i++)
        cr_assert(shop_text_is_image_url(good[i], strlen(good[i])), "%s", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        cr_assert_not(shop_text_is_image_url(bad[i], strlen(bad[i])), "%s", bad[i]);
    cr_assert_not(shop_text_is_image_url("/a\0b", 4));
    cr_assert_not(shop_text_is_image_url("/%2f", 3));

    char longest[SHOP_IMAGE_URL_MAX + 1];
    memset(longest, '/', 1);
    memset(longest + 1, 'x', sizeof longest - 1);
    cr_assert(shop_text_is_image_url(longest, SHOP_IMAGE_URL_MAX));
    cr_assert_not(shop_text_is_image_url(longest, SHOP_IMAGE_URL_MAX + 1));
}

Test(text, whole_numbers_parse_strictly_and_to_the_limits)
{
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        {"0", 0}, {"7", 7}, {"-7", -7}, {"9223372036854775807", INT64_MAX}, {"-9223372036854775808", INT64_MIN},
    };
    static const char *const bad[] = {
        "",
        "-",
        "+1",
        "01",
        "-0",
        "00",
        " 1",
        "1 ",
        "1.0",
        "1e2",
        "0x1",
        "1,0",
        "--1",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        int64_t value = 99;
        char text[SHOP_INT64_SIZE];
        cr_assert(shop_parse_int64(good[i].text, strlen(good[i].text), &value), "%s", good[i].text);
        cr_assert_eq(value, good[i].value);
        cr_assert_eq(shop_format_int64(value, text), strlen(good[i].text));
        cr_assert_str_eq(text, good[i].text);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t value = 99;
        cr_assert_not(shop_parse_int64(bad[i], strlen(bad[i]), &value), "%s", bad[i]);
        cr_assert_eq(value, 99);
    }
    int64_t value;
    cr_assert_not(shop_parse_int64("1\0", 2, &value));
}

Test(text, hex_is_lower_case)
{
    char out[9];
    shop_hex_encode(out, "\x00\x9F\xAB\xFF", 4);
    cr_assert_str_eq(out, "009fabff");
}

Test(rfc3339, known_times)
{
    static const struct {
        const char *text;
        int64_t time;
    } known[] = {
        {"1970-01-01T00:00:00.000000Z", 0},
        {"1970-01-01T00:00:00.000001Z", 1},
        {"2000-02-29T23:59:59.999999Z", INT64_C(951868799999999)},
        {"2026-11-22T21:55:00.123456Z", INT64_C(1795384500123456)},
        {"9999-12-31T23:59:59.999999Z", SHOP_TIME_MAX},
    };
    for (size_t i = 0; i < COUNT(known); i++) {
        char text[SHOP_RFC3339_SIZE];
        int64_t time = -1;
        cr_assert(shop_rfc3339_format(known[i].time, text));
        cr_assert_str_eq(text, known[i].text);
        cr_assert(shop_rfc3339_parse(text, strlen(text), &time));
        cr_assert_eq(time, known[i].time);
    }
}

Test(rfc3339, every_day_agrees_with_the_system_and_comes_back)
{
    for (int64_t day = 0; day <= SHOP_TIME_MAX / 86400000000; day++) {
        time_t seconds = (time_t)(day * 86400 + day % 86400);
        char text[SHOP_RFC3339_SIZE], expected[SHOP_RFC3339_SIZE];
        struct tm tm;
        int64_t back;
        cr_assert(gmtime_r(&seconds, &tm));
        cr_assert_eq(strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000000Z", &tm), 27);
        cr_assert(shop_rfc3339_format((int64_t)seconds * 1000000, text));
        cr_assert_str_eq(text, expected);
        cr_assert(shop_rfc3339_parse(text, 27, &back));
        cr_assert_eq(back, (int64_t)seconds * 1000000);
    }
}

Test(rfc3339, times_out_of_range_are_not_written)
{
    char text[SHOP_RFC3339_SIZE] = "x";
    cr_assert_not(shop_rfc3339_format(-1, text));
    cr_assert_str_empty(text);
    cr_assert_not(shop_rfc3339_format(SHOP_TIME_MAX + 1, text));
}

Test(rfc3339, dates_fractions_and_offsets_are_read)
{
    static const struct {
        const char *text;
        int64_t time;
    } good[] = {
        {"1970-01-02", INT64_C(86400000000)}, {"1970-01-01T00:00:01Z", 1000000},     {"1970-01-01t00:00:01z", 1000000},
        {"1970-01-01T00:00:00.5Z", 500000},   {"1970-01-01T00:00:00.000001999Z", 1}, {"1970-01-01T02:00:00+02:00", 0},
        {"1969-12-31T22:30:00-01:30", 0},     {"1970-01-01T00:00:00-00:00", 0},      {"2024-02-29", INT64_C(1709164800000000)},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        int64_t time = -1;
        cr_assert(shop_rfc3339_parse(good[i].text, strlen(good[i].text), &time), "%s", good[i].text);
        cr_assert_eq(time, good[i].time, "%s: %" PRId64, good[i].text, time);
    }
}

Test(rfc3339, what_is_not_a_time_is_refused)
{
    static const char *const bad[] = {
        "",
        "1970",
        "1970-1-1",
        "1970-13-01",
        "1970-00-01",
        "1970-01-00",
        "1970-01-32",
        "2023-02-29",
        "1900-02-29",
        "2100-02-29",
        "2200-02-29",
        "1970-01-01T",
        "1970-01-01 00:00:00Z",
        "1970-01-01T00:00Z",
        "1970-01-01T00:00:00",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z",
        "1970-01-01T23:59:60Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00.1234567890Z",
        "1970-01-01T00:00:00,5Z",
        "1970-01-01T00:00:00+0200",
        "1971-01-01T00:00:00+24:00",
        "1971-01-01T00:00:00+00:60",
        "1970-01-01T00:00:00ZZ",
        "1970-01-01T00:00:00Z ",
        " 1970-01-01",
        "1970-01-01Z",
        "+970-01-01",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "0000-01-01",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t time = 99;
        cr_assert_not(shop_rfc3339_parse(bad[i], strlen(bad[i]), &time), "%s", bad[i]);
        cr_assert_eq(time, 99);
    }
    for (size_t cut = 0; cut < 27; cut++) {
        int64_t time;
        bool parsed = shop_rfc3339_parse("2026-11-22T21:55:00.123456Z", cut, &time);
        cr_assert_eq(parsed, cut == 10, "%zu bytes", cut);
    }
}
