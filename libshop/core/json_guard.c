/* SPDX-License-Identifier: MIT */
/* The guard: a strict, bounded validator of JSON text. */
#include "json_guard.h"

#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "text.h"

#define BYTES_MAX ((size_t)1 << 30) /* lengths fit 32 bits, and the int of json-c */
#define INLINE_KEYS 64 /* so many keys of open objects need no memory from outside */
#define FEW_KEYS 16 /* up to here every pair is compared; above, they are sorted */

const shop_json_limits shop_json_default_limits = {
    .max_bytes = (size_t)1 << 20,
    .max_depth = 16,
    .max_values = 10000,
    .max_members = 1000,
    .allow_scalar = false,
};

/*
 * A key as it stands in the text, without its quotes. prefix: its first eight decoded bytes,
 * comparing as they do.
 */
struct key {
    const char *raw;
    uint64_t prefix;
    uint32_t len;
    bool escaped;
};

struct level {
    size_t first_key; /* in guard.keys */
    bool is_object;
};

struct guard {
    const char *text;
    const char *at;
    const char *end;
    shop_json_limits limits;
    size_t values;
    size_t depth;
    struct key *keys; /* of all open objects, innermost last */
    size_t key_count;
    size_t key_room;
    shop_json_status status;
    const char *fault;
    struct level levels[SHOP_JSON_DEPTH_MAX];
    struct key inline_keys[INLINE_KEYS];
};

/* What may come next. The order is that of the steps table below. */
enum state { VALUE, FIRST_ITEM, FIRST_KEY, NEXT_KEY, AFTER_VALUE, STOP };

static enum state fail(struct guard *g, shop_json_status status, const char *fault)
{
    g->status = status;
    g->fault = fault;
    return STOP;
}

static enum state fail_here(struct guard *g, shop_json_status status)
{
    return fail(g, g->at == g->end && status == SHOP_JSON_SYNTAX ? SHOP_JSON_TRUNCATED : status, g->at);
}

const char *shop_json_status_message(shop_json_status status)
{
    static const char *const messages[] = {
        [SHOP_JSON_OK] = "",
        [SHOP_JSON_EMPTY] = "The document is empty.",
        [SHOP_JSON_TOO_LONG] = "The document is too long.",
        [SHOP_JSON_BOM] = "The document begins with a byte order mark.",
        [SHOP_JSON_TRUNCATED] = "The document ends too early.",
        [SHOP_JSON_SYNTAX] = "Unexpected character.",
        [SHOP_JSON_TRAILING] = "Something follows the document.",
        [SHOP_JSON_SCALAR] = "The document must be an object or an array.",
        [SHOP_JSON_TOO_DEEP] = "Too many levels within each other.",
        [SHOP_JSON_TOO_MANY] = "Too many values.",
        [SHOP_JSON_TOO_WIDE] = "Too many members in one object.",
        [SHOP_JSON_DUPLICATE_KEY] = "A key stands twice in one object.",
        [SHOP_JSON_NUMBER] = "Malformed number.",
        [SHOP_JSON_NUMBER_RANGE] = "Number out of range.",
        [SHOP_JSON_CONTROL] = "A control character in a string must be escaped.",
        [SHOP_JSON_NUL] = "A string must not contain NUL.",
        [SHOP_JSON_ESCAPE] = "Malformed escape in a string.",
        [SHOP_JSON_SURROGATE] = "Unpaired surrogate in a string.",
        [SHOP_JSON_UTF8] = "Not valid UTF-8.",
        [SHOP_JSON_NO_MEMORY] = "Out of memory.",
        [SHOP_JSON_PARSER] = "The document was not understood.",
    };
    return (size_t)status < sizeof messages / sizeof *messages ? messages[status] : "";
}

/* -------------------- strings -------------------- */

/* Eight bytes, the first one lowest. */
static uint64_t load_word(const char *s)
{
    uint64_t word;
    memcpy(&word, s, sizeof word);
    return le64toh(word);
}

/* One to seven bytes in the same way, zeros above: the two halves of four and more may overlap. */
static uint64_t load_short(const char *s, size_t len)
{
    uint64_t word = 0;

    if (len >= 4) {
        uint32_t low, high;
        memcpy(&low, s, sizeof low);
        memcpy(&high, s + len - 4, sizeof high);
        return le32toh(low) | (uint64_t)le32toh(high) << (8 * (len - 4));
    }
    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)(unsigned char)s[i] << (8 * i);
    return word;
}

/*
 * How many bytes of a word are plain before the first one that is not; 8 when all are. A byte below
 * 0x80 gets its high bit by a subtraction only when it is less than what is subtracted; one above
 * has it. What a borrow does to the bytes above the lowest such one does not matter.
 */
static size_t plain_bytes(uint64_t word)
{
    const uint64_t every = UINT64_C(0x0101010101010101);
    uint64_t below_space = word - every * ' ';
    uint64_t quote = (word ^ every * '"') - every;
    uint64_t backslash = (word ^ every * '\\') - every;
    uint64_t special = (word | below_space | quote | backslash) & every * 0x80;

    return special ? (size_t)__builtin_ctzll(special) / 8 : sizeof word;
}

size_t shop_json_plain_span(const char *s, size_t len)
{
    size_t at = 0;

    for (; len - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        size_t plain = plain_bytes(load_word(s + at));
        if (plain < sizeof(uint64_t))
            return at + plain;
    }
    return at == len ? at : at + plain_bytes(load_short(s + at, len - at));
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The four digits after \u; false when there are not four. */
static bool read_hex4(const char *s, const char *end, uint32_t *unit)
{
    if (end - s < 4)
        return false;
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(s[i]);
        if (digit < 0)
            return false;
        *unit = *unit << 4 | (uint32_t)digit;
    }
    return true;
}

static bool is_high_surrogate(uint32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low_surrogate(uint32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* Checks what stands behind \u, here for its first surrogate; moves g->at behind it. */
static shop_json_status check_unicode_escape(struct guard *g)
{
    uint32_t unit, low;

    if (!read_hex4(g->at + 2, g->end, &unit))
        return SHOP_JSON_ESCAPE;
    if (unit == 0)
        return SHOP_JSON_NUL;
    if (is_low_surrogate(unit))
        return SHOP_JSON_SURROGATE;
    if (is_high_surrogate(unit)) {
        const char *second = g->at + 6;
        if (g->end - second < 6 || second[0] != '\\' || second[1] != 'u' || !read_hex4(second + 2, g->end, &low) ||
            !is_low_surrogate(low))
            return SHOP_JSON_SURROGATE;
        g->at = second;
    }
    g->at += 6;
    return SHOP_JSON_OK;
}

static shop_json_status check_escape(struct guard *g)
{
    if (g->end - g->at < 2)
        return SHOP_JSON_TRUNCATED;
    if (g->at[1] == 'u')
        return check_unicode_escape(g);
    if (!memchr("\"\\/bfnrt", g->at[1], 8))
        return SHOP_JSON_ESCAPE;
    g->at += 2;
    return SHOP_JSON_OK;
}

/* One character of a string that does not simply stand for itself. */
static shop_json_status check_special(struct guard *g)
{
    uint32_t c;

    if (*g->at == '\\')
        return check_escape(g);
    if ((unsigned char)*g->at < 0x20)
        return *g->at == '\0' ? SHOP_JSON_NUL : SHOP_JSON_CONTROL;
    size_t size = shop_utf8_decode(g->at, (size_t)(g->end - g->at), &c);
    g->at += size;
    return size > 0 ? SHOP_JSON_OK : SHOP_JSON_UTF8;
}

/* From an opening quote to behind the closing one. */
static bool skip_string(struct guard *g, bool *escaped)
{
    *escaped = false;
    for (g->at++;;) {
        g->at += shop_json_plain_span(g->at, (size_t)(g->end - g->at));
        if (g->at == g->end)
            return fail_here(g, SHOP_JSON_TRUNCATED), false;
        if (*g->at == '"')
            break;
        *escaped |= *g->at == '\\';
        shop_json_status status = check_special(g);
        if (status != SHOP_JSON_OK)
            return fail_here(g, status), false;
    }
    g->at++;
    return true;
}

/* -------------------- keys -------------------- */

/* Reads a checked key byte by byte, decoded. */
struct decoder {
    const char *at;
    const char *end;
    unsigned char pending[4]; /* the rest of an escaped character, last byte first */
    size_t pending_count;
};

static struct decoder decode_key(const struct key *k)
{
    return (struct decoder){.at = k->raw, .end = k->raw + k->len};
}

/* The UTF-8 of a character above ASCII into pending. */
static void push_utf8(struct decoder *d, uint32_t c)
{
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = 0; i + 1 < size; i++, c >>= 6)
        d->pending[i] = (unsigned char)(0x80U | (c & 0x3FU));
    d->pending[size - 1] = (unsigned char)(lead[size] | c);
    d->pending_count = size;
}

static int next_byte(struct decoder *d);

/* Behind \u: the pair of a surrogate included. */
static int next_unicode_escape(struct decoder *d)
{
    uint32_t c = 0, low = 0;

    read_hex4(d->at + 2, d->end, &c);
    d->at += 6;
    if (is_high_surrogate(c)) {
        read_hex4(d->at + 2, d->end, &low);
        d->at += 6;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    if (c < 0x80)
        return (int)c;
    push_utf8(d, c);
    return next_byte(d);
}

/* -1 at the end. */
static int next_byte(struct decoder *d)
{
    static const char letters[] = "bfnrt";
    static const char meanings[] = "\b\f\n\r\t";

    if (d->pending_count > 0)
        return d->pending[--d->pending_count];
    if (d->at == d->end)
        return -1;
    if (*d->at != '\\')
        return (unsigned char)*d->at++;
    if (d->at[1] == 'u')
        return next_unicode_escape(d);
    char c = d->at[1];
    d->at += 2;
    const char *letter = memchr(letters, c, sizeof letters - 1);
    /* A quote, a slash and a backslash stand for themselves. */
    return letter ? meanings[letter - letters] : c;
}

static int compare_decoded(const struct key *a, const struct key *b)
{
    struct decoder of_a = decode_key(a);
    struct decoder of_b = decode_key(b);
    int byte_a, byte_b;

    do {
        byte_a = next_byte(&of_a);
        byte_b = next_byte(&of_b);
    } while (byte_a == byte_b && byte_a >= 0);
    return byte_a - byte_b;
}

/*
 * The order of the decoded bytes. Nobody can choose keys that make it slow: there is no hash to
 * collide.
 */
static int compare_keys(const void *left, const void *right)
{
    const struct key *a = left;
    const struct key *b = right;

    if (a->prefix != b->prefix)
        return a->prefix < b->prefix ? -1 : 1;
    if (a->escaped || b->escaped)
        return compare_decoded(a, b);
    int order = memcmp(a->raw, b->raw, a->len < b->len ? a->len : b->len);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

static uint64_t key_prefix(const struct key *k)
{
    if (!k->escaped)
        return __builtin_bswap64(k->len < 8 ? load_short(k->raw, k->len) : load_word(k->raw));

    struct decoder d = decode_key(k);
    uint64_t prefix = 0;

    for (int i = 0; i < 8; i++) {
        int byte = next_byte(&d);
        prefix = prefix << 8 | (byte < 0 ? 0U : (unsigned)byte);
    }
    return prefix;
}

static bool grow_keys(struct guard *g)
{
    size_t room = g->key_room * 2;
    bool was_inline = g->keys == g->inline_keys;
    struct key *grown = shop_mem_realloc(was_inline ? NULL : g->keys, room * sizeof *grown);

    if (!grown)
        return false;
    if (was_inline)
        memcpy(grown, g->inline_keys, sizeof g->inline_keys);
    g->keys = grown;
    g->key_room = room;
    return true;
}

static bool remember_key(struct guard *g, const char *raw, size_t len, bool escaped)
{
    size_t members = g->key_count - g->levels[g->depth - 1].first_key;

    if (members >= g->limits.max_members)
        return fail(g, SHOP_JSON_TOO_WIDE, raw - 1), false;
    if (g->key_count == g->key_room && !grow_keys(g))
        return fail(g, SHOP_JSON_NO_MEMORY, raw - 1), false;
    struct key *k = &g->keys[g->key_count++];
    *k = (struct key){.raw = raw, .len = (uint32_t)len, .escaped = escaped};
    k->prefix = key_prefix(k);
    return true;
}

/* The later one of two equal keys, NULL when there are none. Reorders many keys. */
static const struct key *find_duplicate(struct key *keys, size_t count)
{
    if (count <= FEW_KEYS) {
        for (size_t i = 1; i < count; i++)
            for (size_t j = 0; j < i; j++)
                if (keys[i].prefix == keys[j].prefix && compare_keys(&keys[i], &keys[j]) == 0)
                    return &keys[i];
        return NULL;
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 1; i < count; i++)
        if (compare_keys(&keys[i - 1], &keys[i]) == 0)
            return keys[i - 1].raw > keys[i].raw ? &keys[i - 1] : &keys[i];
    return NULL;
}

/* -------------------- numbers -------------------- */

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* A number taken apart: each part's digits, empty when it is absent. */
struct number {
    const char *whole, *whole_end;
    const char *fraction, *fraction_end;
    const char *exponent, *exponent_end;
    bool negative;
    bool negative_exponent;
};

/* One digit or more from at; *end_of_digits behind them. */
static bool some_digits(const struct guard *g, const char *at, const char **end_of_digits)
{
    *end_of_digits = skip_digits(at, g->end);
    return *end_of_digits > at;
}

/* Follows the grammar from g->at, which is moved behind the number. */
static bool split_number(struct guard *g, struct number *n)
{
    *n = (struct number){.negative = *g->at == '-'};
    n->whole = g->at + (n->negative ? 1 : 0);
    if (!some_digits(g, n->whole, &n->whole_end) || (*n->whole == '0' && n->whole_end - n->whole > 1))
        return false;
    g->at = n->whole_end;
    if (g->at < g->end && *g->at == '.') {
        n->fraction = g->at + 1;
        if (!some_digits(g, n->fraction, &n->fraction_end))
            return false;
        g->at = n->fraction_end;
    }
    if (g->at < g->end && (*g->at == 'e' || *g->at == 'E')) {
        n->exponent = g->at + 1;
        n->negative_exponent = n->exponent < g->end && *n->exponent == '-';
        if (n->exponent < g->end && (*n->exponent == '-' || *n->exponent == '+'))
            n->exponent++;
        if (!some_digits(g, n->exponent, &n->exponent_end))
            return false;
        g->at = n->exponent_end;
    }
    return true;
}

static bool fits_int64(const struct number *n)
{
    int64_t value = 0;

    for (const char *at = n->whole; at < n->whole_end; at++) {
        int digit = n->negative ? '0' - *at : *at - '0';
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value))
            return false;
    }
    return true;
}

static const char *skip_zeros(const char *at, const char *end)
{
    while (at < end && *at == '0')
        at++;
    return at;
}

/* The exponent as written; one that no text could outweigh is enough of a very large one. */
static int64_t exponent_value(const struct number *n)
{
    const int64_t enough = INT64_C(1) << 40;
    int64_t value = 0;

    for (const char *at = n->exponent; at < n->exponent_end && value < enough; at++)
        value = value * 10 + (*at - '0');
    return n->negative_exponent ? -value : value;
}

/*
 * At most 1e308. The number is 0.d… times ten to a scale, d being its first digit that is not zero;
 * 1e308 is 0.1 with the scale 309, so that this scale is allowed to a one followed by zeros only.
 */
static bool fits_double(const struct number *n)
{
    const int64_t scale_max = 309;
    const char *first = skip_zeros(n->whole, n->whole_end);
    const char *after = n->fraction;
    int64_t scale = n->whole_end - first;

    if (first == n->whole_end) {
        first = after = skip_zeros(n->fraction, n->fraction_end);
        if (first == n->fraction_end)
            return true; /* zero, whatever the exponent */
        scale = n->fraction - first;
    }
    scale += exponent_value(n);
    if (scale != scale_max || *first != '1')
        return scale < scale_max;
    if (first == after)
        return skip_zeros(first + 1, n->fraction_end) == n->fraction_end;
    return skip_zeros(first + 1, n->whole_end) == n->whole_end && skip_zeros(n->fraction, n->fraction_end) == n->fraction_end;
}

static enum state number(struct guard *g)
{
    const char *start = g->at;
    struct number n;

    if (!split_number(g, &n))
        return fail(g, SHOP_JSON_NUMBER, start);
    if (n.fraction || n.exponent ? !fits_double(&n) : !fits_int64(&n))
        return fail(g, SHOP_JSON_NUMBER_RANGE, start);
    return AFTER_VALUE;
}

/* -------------------- structure -------------------- */

static void skip_space(struct guard *g)
{
    while (g->at < g->end && (*g->at == ' ' || *g->at == '\n' || *g->at == '\t' || *g->at == '\r'))
        g->at++;
}

static bool next_is(const struct guard *g, char c)
{
    return g->at < g->end && *g->at == c;
}

static enum state open_container(struct guard *g)
{
    if (g->depth >= g->limits.max_depth)
        return fail_here(g, SHOP_JSON_TOO_DEEP);
    bool is_object = *g->at++ == '{';
    g->levels[g->depth++] = (struct level){.first_key = g->key_count, .is_object = is_object};
    return is_object ? FIRST_KEY : FIRST_ITEM;
}

static enum state close_container(struct guard *g)
{
    const struct level *l = &g->levels[g->depth - 1];
    const struct key *twice = find_duplicate(g->keys + l->first_key, g->key_count - l->first_key);

    if (twice)
        return fail(g, SHOP_JSON_DUPLICATE_KEY, twice->raw - 1);
    g->at++;
    g->key_count = l->first_key;
    g->depth--;
    return AFTER_VALUE;
}

static enum state literal(struct guard *g)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t size = strlen(words[i]);
        if ((size_t)(g->end - g->at) >= size && memcmp(g->at, words[i], size) == 0) {
            g->at += size;
            return AFTER_VALUE;
        }
    }
    return fail_here(g, SHOP_JSON_SYNTAX);
}

static enum state scalar(struct guard *g)
{
    bool escaped;

    if (g->depth == 0 && !g->limits.allow_scalar)
        return fail_here(g, SHOP_JSON_SCALAR);
    if (*g->at == '"')
        return skip_string(g, &escaped) ? AFTER_VALUE : STOP;
    if (*g->at == '-' || (*g->at >= '0' && *g->at <= '9'))
        return number(g);
    return literal(g);
}

static enum state value(struct guard *g)
{
    if (g->at == g->end)
        return fail_here(g, SHOP_JSON_SYNTAX);
    if (++g->values > g->limits.max_values)
        return fail_here(g, SHOP_JSON_TOO_MANY);
    return *g->at == '{' || *g->at == '[' ? open_container(g) : scalar(g);
}

static enum state first_item(struct guard *g)
{
    return next_is(g, ']') ? close_container(g) : value(g);
}

static enum state next_key(struct guard *g)
{
    const char *raw = g->at + 1;
    bool escaped;

    if (!next_is(g, '"'))
        return fail_here(g, SHOP_JSON_SYNTAX);
    if (!skip_string(g, &escaped) || !remember_key(g, raw, (size_t)(g->at - 1 - raw), escaped))
        return STOP;
    skip_space(g);
    if (!next_is(g, ':'))
        return fail_here(g, SHOP_JSON_SYNTAX);
    g->at++;
    return VALUE;
}

static enum state first_key(struct guard *g)
{
    return next_is(g, '}') ? close_container(g) : next_key(g);
}

static enum state after_value(struct guard *g)
{
    if (g->depth == 0)
        return g->at == g->end ? STOP : fail_here(g, SHOP_JSON_TRAILING);
    bool is_object = g->levels[g->depth - 1].is_object;
    if (next_is(g, ',')) {
        g->at++;
        return is_object ? NEXT_KEY : VALUE;
    }
    return next_is(g, is_object ? '}' : ']') ? close_container(g) : fail_here(g, SHOP_JSON_SYNTAX);
}

static void run(struct guard *g)
{
    static enum state (*const steps[])(struct guard *) = {
        [VALUE] = value, [FIRST_ITEM] = first_item, [FIRST_KEY] = first_key, [NEXT_KEY] = next_key, [AFTER_VALUE] = after_value,
    };

    if (g->end - g->at >= 3 && memcmp(g->at, "\xEF\xBB\xBF", 3) == 0) {
        fail_here(g, SHOP_JSON_BOM);
        return;
    }
    skip_space(g);
    if (g->at == g->end) {
        fail_here(g, SHOP_JSON_EMPTY);
        return;
    }
    for (enum state state = VALUE; state != STOP;) {
        skip_space(g);
        state = steps[state](g);
    }
}

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

shop_json_status shop_json_guard(const char *text, size_t len, const shop_json_limits *limits, shop_json_error *error)
{
    struct guard g; /* not cleared as a whole: its tables are used only as far as filled */

    g.text = g.at = text;
    g.end = text + len;
    g.limits = limits ? *limits : shop_json_default_limits;
    g.limits.max_bytes = lesser(g.limits.max_bytes, BYTES_MAX);
    g.limits.max_depth = lesser(g.limits.max_depth, SHOP_JSON_DEPTH_MAX);
    g.values = g.depth = g.key_count = 0;
    g.keys = g.inline_keys;
    g.key_room = INLINE_KEYS;
    g.status = SHOP_JSON_OK;
    g.fault = text;
    if (len > g.limits.max_bytes)
        fail(&g, SHOP_JSON_TOO_LONG, text + g.limits.max_bytes);
    else
        run(&g);
    if (g.keys != g.inline_keys)
        shop_mem_free(g.keys);
    if (error)
        *error = (shop_json_error){g.status, (size_t)(g.fault - text), shop_json_status_message(g.status)};
    return g.status;
}
