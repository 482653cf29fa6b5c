/* SPDX-License-Identifier: MIT */
/* Text: UTF-8, case folding, accepted forms, numbers, RFC 3339. */
#include "text.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static char fold_ascii_char(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* -------------------- UTF-8 -------------------- */

size_t shop_utf8_decode(const char *s, size_t len, uint32_t *code_point)
{
    /* By length: what lies below is overlong. */
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)s;

    if (len == 0)
        return 0;
    if (p[0] < 0x80) {
        *code_point = p[0];
        return 1;
    }
    size_t size = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || size > len)
        return 0;
    uint32_t c = p[0] & (0x7FU >> size);
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3FU);
    }
    if (c < least[size] || (c >= 0xD800 && c <= 0xDFFF) || c > 0x10FFFF)
        return 0;
    *code_point = c;
    return size;
}

/*
 * How many bytes at the start are ASCII, in whole words: most texts are, and are done eight bytes
 * at a time.
 */
static size_t ascii_words(const char *s, size_t len)
{
    size_t done = 0;
    while (len - done >= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, s + done, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            break;
        done += sizeof word;
    }
    return done;
}

bool shop_utf8_valid(const char *s, size_t len)
{
    size_t at = 0;
    while (at < len) {
        uint32_t c;
        at += ascii_words(s + at, len - at);
        if (at == len)
            break;
        size_t size = shop_utf8_decode(s + at, len - at, &c);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

size_t shop_utf8_count(const char *s, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++) /* every byte but the continuations begins a character */
        count += ((unsigned char)s[i] & 0xC0) != 0x80;
    return count;
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029;
}

static bool is_printable(const char *s, size_t len, const char *allowed_controls)
{
    for (size_t at = 0; at < len;) {
        uint32_t c;
        size_t size = shop_utf8_decode(s + at, len - at, &c);
        if (size == 0 || c == 0)
            return false;
        if (is_control(c) && (c >= 0x80 || !strchr(allowed_controls, (int)c)))
            return false;
        at += size;
    }
    return true;
}

bool shop_text_is_line(const char *s, size_t len)
{
    return is_printable(s, len, "");
}

bool shop_text_is_block(const char *s, size_t len)
{
    return is_printable(s, len, "\t\n\r");
}

static bool is_ascii_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

void shop_text_trim(const char **s, size_t *len)
{
    const char *first = *s;
    const char *end = *s + *len;
    while (first < end && is_ascii_space(*first))
        first++;
    while (end > first && is_ascii_space(end[-1]))
        end--;
    *s = first;
    *len = (size_t)(end - first);
}

bool shop_text_next_word(const char *s, size_t len, size_t *at, size_t *word_len)
{
    while (*at < len && s[*at] == ' ')
        ++*at;
    if (*at >= len)
        return false;
    const char *end = memchr(s + *at, ' ', len - *at);
    *word_len = end ? (size_t)(end - s) - *at : len - *at;
    return true;
}

/* -------------------- case -------------------- */

void shop_ascii_fold(char *dst, const char *src, size_t len)
{
    for (size_t i = 0; i < len; i++)
        dst[i] = fold_ascii_char(src[i]);
}

/*
 * Unicode's simple case folding of the scripts that shop_text_fold covers. Every step-th character
 * of a range, from the first, moves by delta; in the paired scripts each capital stands right
 * before its small letter. Sorted.
 */
static const struct fold_range {
    uint16_t first, last, step;
    int16_t delta;
} fold_ranges[] = {
    {0x00B5, 0x00B5, 1, 775}, /* micro sign to Greek mu */
    {0x00C0, 0x00D6, 1, 32},   {0x00D8, 0x00DE, 1, 32},   {0x0100, 0x012E, 2, 1},
    {0x0130, 0x0130, 1, -199}, /* dotted capital I to i */
    {0x0132, 0x0136, 2, 1},    {0x0139, 0x0147, 2, 1},    {0x014A, 0x0176, 2, 1},
    {0x0178, 0x0178, 1, -121}, {0x0179, 0x017D, 2, 1},    {0x017F, 0x017F, 1, -268}, /* long s to s */
    {0x0370, 0x0372, 2, 1},    {0x0376, 0x0376, 1, 1},    {0x037F, 0x037F, 1, 116},
    {0x0386, 0x0386, 1, 38},   {0x0388, 0x038A, 1, 37},   {0x038C, 0x038C, 1, 64},
    {0x038E, 0x038F, 1, 63},   {0x0391, 0x03A1, 1, 32},   {0x03A3, 0x03AB, 1, 32},
    {0x03C2, 0x03C2, 1, 1}, /* final sigma to sigma */
    {0x03CF, 0x03CF, 1, 8},    {0x03D0, 0x03D0, 1, -30},  {0x03D1, 0x03D1, 1, -25},
    {0x03D5, 0x03D5, 1, -15},  {0x03D6, 0x03D6, 1, -22},  {0x03D8, 0x03EE, 2, 1},
    {0x03F0, 0x03F0, 1, -54},  {0x03F1, 0x03F1, 1, -48},  {0x03F4, 0x03F4, 1, -60},
    {0x03F5, 0x03F5, 1, -64},  {0x03F7, 0x03F7, 1, 1},    {0x03F9, 0x03F9, 1, -7},
    {0x03FA, 0x03FA, 1, 1},    {0x03FD, 0x03FF, 1, -130}, {0x0400, 0x040F, 1, 80},
    {0x0410, 0x042F, 1, 32},   {0x0460, 0x0480, 2, 1},    {0x048A, 0x04BE, 2, 1},
    {0x04C0, 0x04C0, 1, 15},   {0x04C1, 0x04CD, 2, 1},    {0x04D0, 0x052E, 2, 1},
};

static uint32_t fold_code_point(uint32_t c)
{
    const struct fold_range *end = fold_ranges + sizeof fold_ranges / sizeof *fold_ranges;
    for (const struct fold_range *r = fold_ranges; r < end && c >= r->first; r++)
        if (c <= r->last)
            return (c - r->first) % r->step == 0 ? (uint32_t)((int32_t)c + r->delta) : c;
    return c;
}

/* Writes a code point below U+0800, where all of fold_ranges lies. */
static size_t encode_short(char *dst, uint32_t c)
{
    if (c < 0x80) {
        dst[0] = (char)c;
        return 1;
    }
    dst[0] = (char)(unsigned char)(0xC0U | c >> 6);
    dst[1] = (char)(unsigned char)(0x80U | (c & 0x3FU));
    return 2;
}

size_t shop_text_fold(char *dst, const char *src, size_t len)
{
    size_t written = 0;
    for (size_t at = 0; at < len;) {
        uint32_t c;
        size_t size = shop_utf8_decode(src + at, len - at, &c);
        if (size == 2) {
            written += encode_short(dst + written, fold_code_point(c));
        } else if (size <= 1) {
            dst[written++] = fold_ascii_char(src[at]);
            size = 1;
        } else {
            memmove(dst + written, src + at, size);
            written += size;
        }
        at += size;
    }
    return written;
}

/* -------------------- forms -------------------- */

bool shop_text_is_slug(const char *s, size_t len, size_t max)
{
    if (len == 0 || len > max)
        return false;
    for (size_t i = 0; i < len; i++) {
        if ((s[i] >= 'a' && s[i] <= 'z') || is_digit(s[i]))
            continue;
        bool between = i > 0 && i + 1 < len && s[i - 1] != '-';
        if (s[i] != '-' || !between)
            return false;
    }
    return true;
}

bool shop_text_fold_slug(char *dst, const char *src, size_t len, size_t max)
{
    shop_ascii_fold(dst, src, len);
    return shop_text_is_slug(dst, len, max);
}

/*
 * Spaces that are not ASCII, and characters that show nothing or turn the direction of what
 * follows.
 */
static bool is_deceptive(uint32_t c)
{
    static const struct {
        uint16_t first, last;
    } ranges[] = {{0x00A0, 0x00A0}, {0x00AD, 0x00AD}, {0x1680, 0x1680}, {0x2000, 0x200F},
                  {0x2028, 0x202F}, {0x205F, 0x206F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

/* Well-formed, no space or control of any kind, and none of the ASCII characters of refused. */
static bool is_unspaced(const char *s, size_t len, const char *refused)
{
    for (size_t at = 0; at < len;) {
        uint32_t c;
        size_t size = shop_utf8_decode(s + at, len - at, &c);
        if (size == 0 || c == ' ' || is_control(c) || is_deceptive(c))
            return false;
        if (c < 0x80 && strchr(refused, (int)c))
            return false;
        at += size;
    }
    return true;
}

/* A label of a host name: letters, digits, and hyphens that do not stand at an end. */
static bool is_label(const char *s, size_t len)
{
    if (len == 0 || len > 63 || s[0] == '-' || s[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_letter(s[i]) && !is_digit(s[i]) && s[i] != '-')
            return false;
    return true;
}

static bool all_digits(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_digit(s[i]))
            return false;
    return len > 0;
}

/* Dot-separated labels; reports how many, and the last one. */
static bool is_host_name(const char *s, size_t len, size_t *labels, const char **last)
{
    *labels = 0;
    for (size_t start = 0;; (*labels)++) {
        const char *dot = memchr(s + start, '.', len - start);
        size_t size = dot ? (size_t)(dot - (s + start)) : len - start;
        if (!is_label(s + start, size))
            return false;
        *last = s + start;
        if (!dot)
            break;
        start += size + 1;
    }
    (*labels)++;
    return true;
}

static bool is_email_local(const char *s, size_t len)
{
    if (len == 0 || len > 64 || s[0] == '.' || s[len - 1] == '.')
        return false;
    for (size_t i = 1; i < len; i++)
        if (s[i] == '.' && s[i - 1] == '.')
            return false;
    return is_unspaced(s, len, "\"()<>[]:;,\\@");
}

bool shop_text_is_email(const char *s, size_t len)
{
    const char *at = len > 0 && len <= 254 ? memchr(s, '@', len) : NULL;
    if (!at)
        return false;
    size_t local = (size_t)(at - s);
    const char *domain = at + 1;
    size_t domain_len = len - local - 1;
    size_t labels;
    const char *last;
    return is_email_local(s, local) && is_host_name(domain, domain_len, &labels, &last) && labels >= 2 &&
           !all_digits(last, (size_t)(domain + domain_len - last));
}

static bool starts_with_fold(const char *s, size_t len, const char *prefix)
{
    size_t size = strlen(prefix);
    if (len < size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (fold_ascii_char(s[i]) != prefix[i])
            return false;
    return true;
}

static bool is_port(const char *s, size_t len)
{
    int64_t port = 0;
    return shop_parse_int64(s, len, &port) && port >= 1 && port <= 65535;
}

/* host, host:port, [v6], [v6]:port */
static bool is_authority(const char *s, size_t len)
{
    size_t host = 0;
    if (len > 0 && s[0] == '[') {
        for (host = 1; host < len && (is_hex(s[host]) || s[host] == ':' || s[host] == '.'); host++)
            continue;
        if (host < 4 || host == len || s[host] != ']')
            return false;
        host++;
    } else {
        const char *colon = memchr(s, ':', len);
        size_t labels;
        const char *last;
        host = colon ? (size_t)(colon - s) : len;
        if (!is_host_name(s, host, &labels, &last))
            return false;
    }
    return host == len || (s[host] == ':' && is_port(s + host + 1, len - host - 1));
}

static bool percent_is_sound(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (s[i] == '%' && (len - i < 3 || !is_hex(s[i + 1]) || !is_hex(s[i + 2])))
            return false;
    return true;
}

static size_t scheme_length(const char *s, size_t len)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (starts_with_fold(s, len, schemes[i]))
            return strlen(schemes[i]);
    return 0;
}

bool shop_text_is_image_url(const char *s, size_t len)
{
    if (len == 0 || len > SHOP_IMAGE_URL_MAX || !is_unspaced(s, len, "\"<>\\^`{|}") || !percent_is_sound(s, len))
        return false;
    if (s[0] == '/')
        return len < 2 || s[1] != '/';
    size_t host = scheme_length(s, len);
    size_t end = host;
    while (end < len && !strchr("/?#", s[end]))
        end++;
    return host > 0 && is_authority(s + host, end - host);
}

/* -------------------- numbers -------------------- */

bool shop_parse_int64(const char *s, size_t len, int64_t *out)
{
    bool negative = len > 0 && s[0] == '-';
    size_t at = negative ? 1 : 0;
    int64_t value = 0;

    if (at == len || (s[at] == '0' && len > 1))
        return false;
    for (; at < len; at++) {
        int digit = s[at] - '0';
        if (!is_digit(s[at]) || __builtin_mul_overflow(value, 10, &value))
            return false;
        if (__builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    *out = value;
    return true;
}

size_t shop_format_int64(int64_t value, char out[static SHOP_INT64_SIZE])
{
    char reversed[SHOP_INT64_SIZE];
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    size_t digits = 0;
    size_t len = 0;

    do {
        reversed[digits++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        out[len++] = '-';
    while (digits > 0)
        out[len++] = reversed[--digits];
    out[len] = '\0';
    return len;
}

void shop_hex_encode(char *dst, const void *src, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = src;
    for (size_t i = 0; i < len; i++) {
        dst[2 * i] = digits[bytes[i] >> 4];
        dst[2 * i + 1] = digits[bytes[i] & 15];
    }
    dst[2 * len] = '\0';
}

/* -------------------- time -------------------- */

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

/*
 * The calendar repeats every 400 years (146097 days). Counting years from March puts the leap day
 * last, so that the day of the year follows from the month alone: (153 * month + 2) / 5, months
 * from March = 0. Day 0 is 1970-01-01; 719468 days lie between it and 0000-03-01.
 */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    int64_t shifted = month <= 2 ? year - 1 : year;
    int64_t month_from_march = (month + 9) % 12;
    int64_t era = shifted >= 0 ? shifted / 400 : -1;
    int64_t year_of_era = shifted - era * 400;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

/* The inverse, for days from 1970 on. */
static void date_from_days(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    int64_t since = days + 719468;
    int64_t era = since / 146097;
    int64_t day_of_era = since % 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    *month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *year = era * 400 + year_of_era + (*month <= 2 ? 1 : 0);
}

/* Exactly count digits; returns where it ended. */
static char *put_digits(char *dst, int64_t value, size_t count)
{
    for (size_t i = count; i-- > 0; value /= 10)
        dst[i] = (char)('0' + value % 10);
    return dst + count;
}

bool shop_rfc3339_format(int64_t time, char out[static SHOP_RFC3339_SIZE])
{
    int64_t year, month, day;

    out[0] = '\0';
    if (time < 0 || time > SHOP_TIME_MAX)
        return false;
    int64_t second = time % DAY / SECOND;
    date_from_days(time / DAY, &year, &month, &day);
    const struct {
        int64_t value;
        size_t digits;
        char end;
    } parts[] = {
        {year, 4, '-'},        {month, 2, '-'},        {day, 2, 'T'}, {second / 3600, 2, ':'}, {second / 60 % 60, 2, ':'},
        {second % 60, 2, '.'}, {time % SECOND, 6, 'Z'}};
    char *at = out;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        at = put_digits(at, parts[i].value, parts[i].digits);
        *at++ = parts[i].end;
    }
    *at = '\0';
    return true;
}

/* What is left to read of a time. */
struct reader {
    const char *at;
    const char *end;
};

static bool take_digits(struct reader *r, size_t count, int64_t *value)
{
    if ((size_t)(r->end - r->at) < count || !all_digits(r->at, count))
        return false;
    *value = 0;
    for (size_t i = 0; i < count; i++)
        *value = *value * 10 + (*r->at++ - '0');
    return true;
}

/* One of the characters of wanted; the one found is stored. */
static bool take_char(struct reader *r, const char *wanted, char *found)
{
    if (r->at == r->end || *r->at == '\0' || !strchr(wanted, *r->at))
        return false;
    *found = *r->at++;
    return true;
}

static bool take_date(struct reader *r, int64_t *days)
{
    static const int64_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year, month, day;
    char c;

    if (!take_digits(r, 4, &year) || !take_char(r, "-", &c) || !take_digits(r, 2, &month) || !take_char(r, "-", &c) ||
        !take_digits(r, 2, &day) || month < 1 || month > 12)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (day < 1 || day > month_days[month - 1] + (month == 2 && leap ? 1 : 0))
        return false;
    *days = days_from_date(year, month, day);
    return true;
}

/* An optional .digits, 1 to 9 of them; what is finer than a microsecond is dropped. */
static bool take_fraction(struct reader *r, int64_t *microseconds)
{
    int64_t scale = SECOND / 10;
    size_t digits = 0;
    char c;

    *microseconds = 0;
    if (!take_char(r, ".", &c))
        return true;
    for (; r->at < r->end && is_digit(*r->at); r->at++, digits++) {
        *microseconds += (*r->at - '0') * scale;
        scale /= 10;
    }
    return digits >= 1 && digits <= 9;
}

static bool take_clock(struct reader *r, int64_t *microseconds)
{
    int64_t hour, minute, second, fraction;
    char c;

    if (!take_digits(r, 2, &hour) || !take_char(r, ":", &c) || !take_digits(r, 2, &minute) || !take_char(r, ":", &c) ||
        !take_digits(r, 2, &second) || !take_fraction(r, &fraction) || hour > 23 || minute > 59 || second > 59)
        return false;
    *microseconds = (hour * 3600 + minute * 60 + second) * SECOND + fraction;
    return true;
}

/* Z or ±hh:mm: what is to be subtracted to come to UTC. */
static bool take_offset(struct reader *r, int64_t *microseconds)
{
    int64_t hour, minute;
    char sign, c;

    *microseconds = 0;
    if (!take_char(r, "Zz+-", &sign))
        return false;
    if (sign == 'Z' || sign == 'z')
        return true;
    if (!take_digits(r, 2, &hour) || !take_char(r, ":", &c) || !take_digits(r, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *microseconds = (hour * 3600 + minute * 60) * SECOND * (sign == '-' ? -1 : 1);
    return true;
}

bool shop_rfc3339_parse(const char *s, size_t len, int64_t *time)
{
    struct reader r = {s, s + len};
    int64_t days, clock = 0, offset = 0;
    char c;

    if (!take_date(&r, &days))
        return false;
    if (r.at < r.end && (!take_char(&r, "Tt", &c) || !take_clock(&r, &clock) || !take_offset(&r, &offset)))
        return false;
    int64_t value = days * DAY + clock - offset;
    if (r.at != r.end || value < 0 || value > SHOP_TIME_MAX)
        return false;
    *time = value;
    return true;
}
