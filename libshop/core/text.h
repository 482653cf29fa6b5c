/* SPDX-License-Identifier: MIT */
/*
 * Text: UTF-8, case, the forms that the shop accepts (slug, e-mail, image URL, number), and times
 * as RFC 3339.
 *
 * A text is a pointer and a length in bytes; it need not end in NUL and may not be NULL. All
 * functions are pure: any thread, any time. Where a function writes, the caller brings the room,
 * and writing over the source is allowed.
 */
#ifndef SHOP_CORE_TEXT_H
#define SHOP_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -------------------- UTF-8 -------------------- */

/*
 * Reads one character at the start of s: returns its length, 1 to 4 bytes, and stores its code
 * point; 0 when there is none: nothing left, cut off, overlong, a surrogate, above U+10FFFF.
 */
size_t shop_utf8_decode(const char *s, size_t len, uint32_t *code_point);

/* Well-formed UTF-8 throughout. A NUL is a character like any other here. */
bool shop_utf8_valid(const char *s, size_t len);

/* How many characters (code points) a well-formed text has: the unit of every limit on text. */
size_t shop_utf8_count(const char *s, size_t len);

/*
 * Well-formed, and free of what no person types: NUL, the other controls (C0, DEL, C1), line and
 * paragraph separators. A line is one line; a block may also hold tab, line feed and carriage
 * return.
 */
bool shop_text_is_line(const char *s, size_t len);
bool shop_text_is_block(const char *s, size_t len);

/*
 * Moves both ends inwards past ASCII white space (space, \t \n \v \f \r); other Unicode spaces
 * stay.
 */
void shop_text_trim(const char **s, size_t *len);

/*
 * The next word, which is what stands between spaces, at or after s[*at]: moves *at to its start
 * and stores its length; false at the end. Add the length to *at to go on.
 */
bool shop_text_next_word(const char *s, size_t len, size_t *at, size_t *word_len);

/* -------------------- case -------------------- */

/*
 * A–Z to a–z, all other bytes as they are. dst: len bytes. This is what "without case" means for
 * e-mail.
 */
void shop_ascii_fold(char *dst, const char *src, size_t len);

/*
 * The form in which texts are searched: simple case folding (one character to one) of ASCII,
 * Latin-1, Latin Extended-A, Greek and Cyrillic; other characters, and bytes that are not UTF-8, as
 * they are. Accents stay, ß stays, İ becomes i. Never longer than the source: dst needs len bytes.
 * Returns the length written.
 */
size_t shop_text_fold(char *dst, const char *src, size_t len);

/* -------------------- forms -------------------- */

/* [a-z0-9]+(-[a-z0-9]+)*, at most max bytes. */
bool shop_text_is_slug(const char *s, size_t len, size_t max);

/* Folds upper case as slugs want it; true when the result is a slug. dst: len bytes. */
bool shop_text_fold_slug(char *dst, const char *src, size_t len, size_t max);

/*
 * local@domain as people have them: one @; at most 254 bytes, 64 of them local; the local part is
 * dot-separated and holds no quotes, spaces, controls or ()<>[]:;,\ but may be UTF-8; the domain is
 * two or more ASCII labels of letters, digits and inner hyphens (1–63 bytes each, an international
 * name as xn--), the last one not a number.
 */
bool shop_text_is_email(const char *s, size_t len);

#define SHOP_IMAGE_URL_MAX 2048

/*
 * http://host… or https://host… (port and path allowed, a user name before @ not), or an absolute
 * path /… on our own host (not //…). At most SHOP_IMAGE_URL_MAX bytes of well-formed UTF-8 without
 * spaces, controls and "<>\^`{|}; every % begins two hex digits.
 */
bool shop_text_is_image_url(const char *s, size_t len);

/* -------------------- numbers -------------------- */

/*
 * A whole number in decimal: an optional -, no +, no leading zero, no "-0", nothing before or
 * after; must fit.
 */
bool shop_parse_int64(const char *s, size_t len, int64_t *out);

#define SHOP_INT64_SIZE 21 /* "-9223372036854775808" and its NUL */

/* The shortest decimal form, NUL-terminated. Returns its length. */
size_t shop_format_int64(int64_t value, char out[static SHOP_INT64_SIZE]);

/* Lower-case hex, NUL-terminated. dst: 2 * len + 1 bytes. */
void shop_hex_encode(char *dst, const void *src, size_t len);

/* -------------------- time -------------------- */

#define SHOP_RFC3339_SIZE 28 /* "2026-11-22T21:55:00.123456Z" and its NUL */
#define SHOP_TIME_MAX INT64_C(253402300799999999) /* the last microsecond of the year 9999 */

/*
 * Microseconds since 1970-01-01T00:00:00Z as RFC 3339 in UTC with six digits of a second.
 * false (and "") for a time outside 0 .. SHOP_TIME_MAX.
 */
bool shop_rfc3339_format(int64_t time, char out[static SHOP_RFC3339_SIZE]);

/*
 * Reads YYYY-MM-DD (midnight UTC), or YYYY-MM-DDThh:mm:ss with an optional fraction of 1–9 digits
 * (cut to microseconds) and Z or ±hh:mm. Dates must exist; second 60 is refused. false also for a
 * time outside 0 .. SHOP_TIME_MAX.
 */
bool shop_rfc3339_parse(const char *s, size_t len, int64_t *time);

#endif
