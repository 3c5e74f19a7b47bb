/*
 * check_parts.h - the parts of `spillway check`: what is looked at, the rules,
 * and what was found.
 *
 * Files are read first, and sorted into objects, policies and certificates;
 * then each family of rules looks at all of them, since most mistakes are that
 * two things do not agree.
 */
#ifndef SPILLWAY_CHECK_PARTS_H
#define SPILLWAY_CHECK_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/json.h"
#include "spillway/macros.h"
#include "spillway/node.h"
#include "spillway/pem.h"
#include "spillway/policy.h"
#include "spillway/text.h"
#include "spillway/words.h"

/* --- rules (check_rules.c) --------------------------------------------- */

enum check_severity {
    CHECK_NOTE,
    CHECK_WARNING,
    CHECK_ERROR,
    CHECK_SEVERITIES
};

enum check_rule {
    CHECK_POLICY_MISTAKE,
    CHECK_SELECTOR_COVERED,
    CHECK_POLICY_SHADOWED,
    CHECK_POLICIES_OVERLAP,
    CHECK_SYSTEM_PODS,
    CHECK_TERM_CONTRADICTS,
    CHECK_PREFERENCE_NEVER,
    CHECK_PREFERS_VIRTUAL,
    CHECK_TOLERATION_UNUSED,
    CHECK_TERM_UNTOLERATED,
    CHECK_FILL_FIRST_IDLE,

    CHECK_OWN_NAMESPACE,
    CHECK_FAIL_CLOSED,
    CHECK_NO_SELECTOR,
    CHECK_TIMEOUT,
    CHECK_SIDE_EFFECTS,
    CHECK_OPERATIONS,
    CHECK_RESOURCES,
    CHECK_REINVOCATION,
    CHECK_MATCH_POLICY,
    CHECK_REVIEW_VERSIONS,
    CHECK_SERVICE,
    CHECK_PORT,
    CHECK_PATH,
    CHECK_CA_BUNDLE,
    CHECK_CA_BUNDLE_DIFFERS,
    CHECK_WEBHOOK_DIFFERS,

    CHECK_CERTIFICATE_DAMAGED,
    CHECK_CERTIFICATE_TIME,
    CHECK_CERTIFICATE_EXPIRES,
    CHECK_CERTIFICATE_NAME,
    CHECK_CERTIFICATE_CHAIN,
    CHECK_CERTIFICATE_USAGE,
    CHECK_CERTIFICATE_WEAK,
    CHECK_KEY_MISMATCH,
    CHECK_KEY_READABLE,

    CHECK_NO_LABELLED_NODE,
    CHECK_LABEL_WITHOUT_TAINT,
    CHECK_TAINT_WITHOUT_LABEL,
    CHECK_KEYS_MIXED,
    CHECK_TAINT_DIFFERS,
    CHECK_NO_VIRTUAL_NODE,
    CHECK_VIRTUAL_UNTAINTED,
    CHECK_NODE_TYPO,
    CHECK_NODES_CORDONED,

    CHECK_POD_WITHOUT_POLICY,
    CHECK_POD_MISPLACED,
    CHECK_POD_PENDING,
    CHECK_POD_OPTED_OUT,

    CHECK_RULES
};

/* A rule as it is listed.  The strings are static. */
struct check_rule_info {
    const char *id;   /* "SPW101", which never changes its meaning */
    const char *name; /* "policy-mistake" */
    enum check_severity severity;
    const char *explanation; /* what is wrong, and what comes of it */
    const char *mend;        /* what to do */
};

const struct check_rule_info *check_rule_info(enum check_rule rule);
const char *check_severity_name(enum check_severity severity);

/* --- what is looked at (check_read.c) ---------------------------------- */

/* A Kubernetes object. */
struct check_object {
    struct json *root;
    const char *file; /* where it stands, for messages */
    struct text kind, name_space, name;
    struct check_object *next;
};

/* A policy file, or an entry of a ConfigMap that holds one. */
struct check_policy {
    const char *file;       /* the file it stands in */
    const char *label;      /* what it is called: the file, and the entry */
    struct policy_set *set; /* NULL when it has mistakes; owned */
    struct check_policy *next;
};

/* Certificates and keys: a PEM file, or a part of a Secret. */
struct check_pem {
    const char *label;
    const char *file;
    unsigned line;
    mode_t mode;    /* 0 when permissions do not matter */
    struct pem pem; /* owned */
    struct check_pem *next;
};

/* Something that was found. */
struct check_finding {
    enum check_rule rule;
    size_t order; /* of its file among all */
    const char *file;
    unsigned line; /* 0 when it is about the whole file */
    const char *message;
    const char *mend; /* the rule's own unless there is a better one */
};

/* One run.  Everything in it is in the arena but for what is marked. */
struct check {
    struct arena arena;
    struct arena scratch; /* for one pod */
    time_t now;

    const char **files; /* those that could be read, in that order */
    size_t n_files, files_room;
    struct check_object *objects, **objects_tail;
    struct check_policy *policies, **policies_tail;
    struct check_pem *pems, **pems_tail;
    size_t n_skipped;      /* objects that no rule is about */
    struct buf unreadable; /* a line for each file */

    struct policy_set *given;   /* --policy; NULL without; borrowed */
    struct policy_set *builtin; /* used when there is no other; owned */

    struct node *nodes; /* those among the objects, in their order */
    const struct check_object **node_objects;
    size_t n_nodes;

    struct check_finding *findings;
    size_t n_findings, findings_room;
    size_t counts[CHECK_SEVERITIES];
    bool failed; /* memory ran out */
};

/* Zeroed but for `given` and `now`, *check is ready to be read into, and to be
 * released with check_done(). */
void check_done(struct check *check);

/*
 * Read a file ("-" is stdin), or every file below a directory that ends as
 * those do that are looked at (.yaml, .yml, .json, .pem, .crt, .key, .cer);
 * what is hidden is passed by.  A file that cannot be read, or is neither YAML,
 * JSON nor PEM, is noted in `unreadable`, a line each.  What a policy or a
 * certificate has wrong becomes findings.
 */
void check_read(struct check *check, const char *path);

/* The same for the bytes of one file, which must outlive the check.  INVALID
 * when they are neither YAML, JSON nor PEM; SYSTEM. */
bool check_read_bytes(struct check *check, const char *file, mode_t mode,
                      struct text bytes, struct error *err) must_check;

/* Take one object of a file, a PEM text, or a policy (check_sort.c).  All they
 * are given lives in the arena. */
void check_sort(struct check *check, const char *file, struct json *root);
void check_add_pem(struct check *check, const char *file, const char *label,
                   unsigned line, mode_t mode, struct text bytes);
void check_add_policy(struct check *check, const char *file, const char *label,
                      struct text bytes);

/* Take the certificates of the server's Secret, once everything is read: the
 * one that is called spillway-tls, or that its Deployment mounts.  Others are
 * skipped. */
void check_take_secrets(struct check *check);

/* The PodSpec of a Deployment's template, or NULL (check_service.c). */
const struct json *check_pod_spec(const struct check_object *deployment);

/* True for a container that runs `spillway serve` (check_service.c). */
bool check_serves(const struct json *container);

/* True for a document that is a policy of ours, or was meant to be one; and for
 * a text that is likely to be one. */
bool check_is_policy(const struct json *root);
bool check_is_policy_text(struct text text);

/* Gather the nodes; call it when everything is read. */
void check_gather_nodes(struct check *check);

/*
 * The policies by which what stands in `file` is judged: those that were given;
 * else those in the same file, or else in the same directory, or else the only
 * ones that there are; else the built-in ones.  *label is what they are called.
 */
const struct policy_set *check_policy_for(struct check *check, const char *file,
                                          const char **label);

/* The object of that kind and name, or NULL. */
const struct check_object *check_find(const struct check *check,
                                      const char *kind, struct text name_space,
                                      struct text name);

/* "Node node1", "Pod istio-system/gw", fit for printing; in the arena. */
const char *check_name(struct check *check, const struct check_object *object);

/* --- findings (check_findings.c)
 * ------------------------------------------------ */

/* Ask all rules about all that was read, and sort the findings by their
 * places. */
void check_all(struct check *check);

/* Add a finding.  Returns it, so that its mend can be set with check_mend(); it
 * is good until the next one is added. */
struct check_finding *check_tell(struct check *check, enum check_rule rule,
                                 const char *file, unsigned line,
                                 const char *fmt, ...) printf_like(5, 6);

/* What mends it here: a command, with the names filled in. */
void check_mend(struct check *check, struct check_finding *finding,
                const char *fmt, ...) printf_like(3, 4);

/* A text in the arena, made harmless for printing, clipped. */
const char *check_shown(struct check *check, struct text text);

/* One word of a command line, as a shell takes it: in quotes where it must be;
 * in the arena. */
const char *check_quoted(struct check *check, const char *word);

/* What a buf of the arena holds, as a string. */
const char *check_kept(struct check *check, const struct buf *text);

/* What words_said() gives, as a string. */
#define check_said(check, ...)                                                 \
    check_string(words_said(&(check)->arena, (check)->failed, __VA_ARGS__))

static inline const char *check_string(struct text text)
{
    return text.data ? text.data : "";
}

/* --- the families of rules --------------------------------------------- */

void check_policies(struct check *check);     /* check_policy.c */
void check_webhooks(struct check *check);     /* check_webhook.c */
void check_certificates(struct check *check); /* check_certs.c */
void check_nodes(struct check *check);        /* check_nodes.c */
void check_pods(struct check *check);         /* check_pods.c */

/* A policy's tolerations against its terms, and against the nodes where there
 * are some (check_tolerations.c). */
void check_tolerations(struct check *check, const struct check_policy *source,
                       const struct policy *policy);

/*
 * A node that is not virtual: its labels and taints against what policies set
 * nodes apart by (check_apart.c).
 */
void check_node_apart(struct check *check, const struct check_object *object,
                      const struct node *node, const struct policy_set *set);

/* A required term that is not for virtual nodes (check_labels.c). */
bool check_is_for_real_nodes(const struct term *term);

/* kubernetes.io/arch, topology.kubernetes.io/zone: what a node is, which nobody
 * changes to attract gateways. */
bool check_is_of_kubernetes(struct text key);

/* The first requirement of the term by which somebody sets nodes apart: a label
 * can meet it, and it is none of those above.  NULL when there is none. */
const struct requirement *check_mark(const struct term *term);

/* "KEY=VALUE", fit for printing, in the arena. */
const char *check_label_pair(struct check *check, struct text key,
                             struct text value);

/*
 * "KEY=VALUE KEY=VALUE", as kubectl label takes it: the labels that a node
 * lacks (NULL: all) to match the term; in the arena.  Empty when there is none,
 * or setting labels would not do.
 */
const char *check_labels(struct check *check, const struct term *term,
                         const struct node *node);

/* What setting them needs when the node has one with another value: "
 * --overwrite" or nothing. */
const char *check_overwrite(const struct term *term, const struct node *node);

/* The words that policies and platforms use for labels and taints, in the
 * arena; NULL when memory is short (check_typos.c). */
struct check_known;
struct check_known *check_known_words(struct check *check,
                                      const struct policy_set *set);

/* Labels and taints of a node that are nearly one of them. */
void check_node_typos(struct check *check, const struct check_object *object,
                      const struct node *node, const struct check_known *known);

/* A webhook of Spillway's, as it is shipped or under another name. */
bool check_is_ours(const struct check_object *config, const struct json *hook);

/* The service, port and path of one webhook (check_service.c). */
void check_client_config(struct check *check, const struct check_object *config,
                         const struct json *hook);

/* The bytes of a base64 text, in the arena; empty when it is none
 * (check_bundle.c). */
struct text check_decode(struct check *check, struct text encoded);

/* A webhook's caBundle (check_bundle.c). */
void check_ca_bundle(struct check *check, const struct check_object *config,
                     const struct json *hook);

/* True for what a server presents: certificates that are not all those of
 * CAs. */
bool check_is_serving(const struct check_pem *pem);

/* True when the certificate bears that DNS name. */
bool check_bears_name(const struct check_pem *pem, const char *name);

/* --- printing (check_print.c) ------------------------------------------ */

/* Append what was found, or all rules, as text. */
void check_print_text(const struct check *check, bool colour, struct buf *out);
void check_print_rules(bool colour, struct buf *out);

/* Print the same to stdout as a JSON document.  Fail with SYSTEM. */
bool check_print_json(const struct check *check, struct error *err) must_check;
bool check_print_rules_json(struct error *err) must_check;

#endif
