/* issue_names.c - the names of a serving certificate (issue.h): checked, in one
 * spelling, each once. */
#include "spillway/issue.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "spillway/openssl.h"

enum {
    NAME_MAX_LEN = 253, /* RFC 1035, section 2.3.4, as text without the root */
    LABEL_MAX_LEN = 63,
};

/* The address that `text` spells, which may be in brackets: its length in
 * bytes, or 0 when it is none. */
static size_t parse_address(const char *text, unsigned char address[16])
{
    char plain[INET6_ADDRSTRLEN];
    size_t len = strlen(text);

    if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (len >= sizeof(plain))
        return 0;
    memcpy(plain, text, len);
    plain[len] = '\0';
    if (inet_pton(AF_INET, plain, address) == 1)
        return 4;
    return inet_pton(AF_INET6, plain, address) == 1 ? 16 : 0;
}

/* What is wrong with one label, as the end of a sentence; NULL when nothing
 * is. */
static const char *label_problem(const char *label, size_t len)
{
    if (len == 0)
        return "has an empty label; write it without a dot at its ends and "
               "without two in a row";
    if (len > LABEL_MAX_LEN)
        return "has a label of more than 63 characters";
    for (size_t i = 0; i < len; i++) {
        char c = label[i];

        if (c == '*')
            return "has a '*' that is not the whole first label, as in "
                   "*.example.com";
        if ((unsigned char)c >= 0x80)
            return "is not in ASCII; give its xn--... form";
        if (c == '/' || c == ':')
            return "is not a host's name alone; leave out scheme, port and "
                   "path";
        if (!isalnum((unsigned char)c) && c != '-')
            return "may hold only letters, digits, '-' and '.'";
    }
    if (label[0] == '-' || label[len - 1] == '-')
        return "has a label that begins or ends with '-'";
    return NULL;
}

static const char *name_problem(const char *name)
{
    const char *at = name, *problem = NULL;
    size_t len;

    if (strlen(name) > NAME_MAX_LEN)
        return "is longer than 253 characters";
    if (strncmp(at, "*.", 2) == 0)
        at += 2;
    for (;; at += len + 1) {
        len = strcspn(at, ".");
        problem = label_problem(at, len);
        if (problem || !at[len])
            break;
    }
    /* No top-level domain is a number: that is a mistyped address. */
    if (!problem && strspn(at, "0123456789") == len)
        return "ends in a number: it is neither a DNS name nor an IP address";
    return problem;
}

/* Add `value`, which is released, unless it is there already. */
static bool add(struct issue_names *names, int type, ASN1_STRING *value,
                struct error *err)
{
    auto_general_name GENERAL_NAME *name = GENERAL_NAME_new();
    int count = names->list ? sk_GENERAL_NAME_num(names->list) : 0;

    if (!name || !value) {
        ASN1_STRING_free(value);
        return error_no_memory(err);
    }
    GENERAL_NAME_set0_value(name, type, value);
    for (int i = 0; i < count; i++) {
        if (GENERAL_NAME_cmp(name, sk_GENERAL_NAME_value(names->list, i)) == 0)
            return true;
    }
    if (count == ISSUE_MAX_NAMES)
        return error_set(err, ERROR_INVALID,
                         "one certificate may have at most %d names",
                         ISSUE_MAX_NAMES);
    if (!names->list)
        names->list = sk_GENERAL_NAME_new_null();
    if (!names->list || !sk_GENERAL_NAME_push(names->list, name))
        return error_no_memory(err);
    (void)take(&name);
    return true;
}

static bool add_dns(struct issue_names *names, const char *name,
                    struct error *err)
{
    ASN1_STRING *value = ASN1_IA5STRING_new();

    if (value && !ASN1_STRING_set(value, name, (int)strlen(name))) {
        ASN1_STRING_free(value);
        value = NULL;
    }
    return add(names, GEN_DNS, value, err);
}

/* SVC.NS.svc: what a Service is called inside its cluster. */
static bool is_service(const char *name)
{
    const char *first = strchr(name, '.');
    const char *second = first ? strchr(first + 1, '.') : NULL;

    return second && strcmp(second, ".svc") == 0;
}

/* The name in lower case, with `suffix` behind it. */
static void spell(char *out, size_t size, const char *name, const char *suffix)
{
    (void)snprintf(out, size, "%s%s", name, suffix);
    for (; *out; out++)
        *out = (char)tolower((unsigned char)*out);
}

bool issue_names_add_dns(struct issue_names *names, const char *name,
                         struct error *err)
{
    static const char domain[] = ".cluster.local";
    char lower[NAME_MAX_LEN + sizeof(domain)];
    unsigned char address[16];
    const char *problem;

    if (parse_address(name, address))
        return error_set(err, ERROR_INVALID,
                         "'%s' is an IP address, not a DNS name; give it as "
                         "an address (--ip)",
                         name);
    problem = name_problem(name);
    if (problem)
        return error_set(err, ERROR_INVALID, "'%.100s' %s", name, problem);
    spell(lower, sizeof(lower), name, "");
    if (!add_dns(names, lower, err))
        return false;
    if (!is_service(lower))
        return true;
    spell(lower, sizeof(lower), name, domain);
    return add_dns(names, lower, err);
}

bool issue_names_add_ip(struct issue_names *names, const char *address,
                        struct error *err)
{
    unsigned char bytes[16];
    size_t len = parse_address(address, bytes);
    ASN1_STRING *value;

    if (len == 0)
        return error_set(err, ERROR_INVALID,
                         "'%.100s' is not an IPv4 or IPv6 address", address);
    value = ASN1_OCTET_STRING_new();
    if (value && !ASN1_STRING_set(value, bytes, (int)len)) {
        ASN1_STRING_free(value);
        value = NULL;
    }
    return add(names, GEN_IPADD, value, err);
}

bool issue_names_copy(struct issue_names *names, X509 *certificate,
                      struct error *err)
{
    auto_general_names GENERAL_NAMES *from =
        X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; i < sk_GENERAL_NAME_num(from); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(from, i);

        if (name->type != GEN_DNS && name->type != GEN_IPADD)
            continue;
        /* Both are members of one union, and kinds of ASN1_STRING. */
        if (ASN1_STRING_length(name->d.ia5) > 0 &&
            !add(names, name->type, ASN1_STRING_dup(name->d.ia5), err))
            return false;
    }
    ERR_clear_error();
    return true;
}

void issue_names_done(struct issue_names *names)
{
    GENERAL_NAMES_free(names->list);
    names->list = NULL;
}
