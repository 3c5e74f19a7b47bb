/* shape.c - see shape.h for the contract. */
#include "spillway/shape.h"

#include "spillway/macros.h"

/* clang-format off */
#define FIELD(name, of) { TEXT(name), (of) }
#define OBJECT(table) \
    { .kind = SHAPE_OBJECT, .fields = (table), .n_fields = array_len(table) }
/* Objects that a patch may repeat keep the members that we do not know. */
#define KEPT_OBJECT(table)                                   \
    { .kind = SHAPE_OBJECT, .keep = true, .fields = (table), \
      .n_fields = array_len(table) }
#define LIST(of) { .kind = SHAPE_LIST, .element = (of) }

static const struct json_shape object = { .kind = SHAPE_OBJECT };
static const struct json_shape string = { .kind = SHAPE_STRING };
static const struct json_shape boolean = { .kind = SHAPE_BOOL };
static const struct json_shape integer = { .kind = SHAPE_INTEGER };
static const struct json_shape quantity = { .kind = SHAPE_QUANTITY };

const struct json_shape review_value_shape = { .kind = SHAPE_STRING,
                                               .null_is_empty = true };

/* --- node affinity and tolerations ------------------------------------- */

static const struct json_shape values = LIST(&review_value_shape);
static const struct json_field requirement_fields[] = {
    FIELD("key", &string),
    FIELD("operator", &string),
    FIELD("values", &values),
};
static const struct json_shape requirement = KEPT_OBJECT(requirement_fields);
static const struct json_shape requirements = LIST(&requirement);

static const struct json_field term_fields[] = {
    FIELD("matchExpressions", &requirements),
    FIELD("matchFields", &requirements),
};
static const struct json_shape term = KEPT_OBJECT(term_fields);
static const struct json_shape terms = LIST(&term);

static const struct json_field required_fields[] = {
    FIELD("nodeSelectorTerms", &terms),
};
static const struct json_shape required = KEPT_OBJECT(required_fields);

static const struct json_field preferred_fields[] = {
    FIELD("preference", &term),
};
static const struct json_shape preferred_term = KEPT_OBJECT(preferred_fields);
static const struct json_shape preferred = LIST(&preferred_term);

static const struct json_field node_affinity_fields[] = {
    FIELD(REQUIRED_AFFINITY, &required),
    FIELD(PREFERRED_AFFINITY, &preferred),
};
static const struct json_shape node_affinity =
    KEPT_OBJECT(node_affinity_fields);

static const struct json_field anti_affinity_term_fields[] = {
    FIELD("topologyKey", &string),
};
static const struct json_shape anti_affinity_term =
    KEPT_OBJECT(anti_affinity_term_fields);
static const struct json_shape anti_affinity_terms = LIST(&anti_affinity_term);
static const struct json_field anti_affinity_fields[] = {
    FIELD(REQUIRED_AFFINITY, &anti_affinity_terms),
};
static const struct json_shape anti_affinity =
    KEPT_OBJECT(anti_affinity_fields);

static const struct json_field affinity_fields[] = {
    FIELD("nodeAffinity", &node_affinity),
    FIELD("podAntiAffinity", &anti_affinity),
};
static const struct json_shape affinity = KEPT_OBJECT(affinity_fields);

static const struct json_field toleration_fields[] = {
    FIELD("key", &string),
    FIELD("operator", &string),
    FIELD("value", &string),
    FIELD("effect", &string),
};
static const struct json_shape toleration = KEPT_OBJECT(toleration_fields);
static const struct json_shape tolerations = LIST(&toleration);

/* --- containers and the rest of the spec ------------------------------- */

static const struct json_field port_fields[] = {
    FIELD("hostPort", &integer),
    FIELD("containerPort", &integer),
};
static const struct json_shape port = OBJECT(port_fields);
static const struct json_shape ports = LIST(&port);

static const struct json_field cpu_fields[] = { FIELD("cpu", &quantity) };
static const struct json_shape cpu = OBJECT(cpu_fields);
static const struct json_field resources_fields[] = {
    FIELD("limits", &cpu),
    FIELD("requests", &cpu),
};
static const struct json_shape resources = OBJECT(resources_fields);

static const struct json_field container_security_fields[] = {
    FIELD("privileged", &boolean),
};
static const struct json_shape container_security =
    OBJECT(container_security_fields);

static const struct json_field container_fields[] = {
    FIELD("name", &string),
    FIELD("ports", &ports),
    FIELD("resources", &resources),
    FIELD("securityContext", &container_security),
};
static const struct json_shape container = OBJECT(container_fields);
static const struct json_shape containers = LIST(&container);

static const struct json_field sysctl_fields[] = { FIELD("name", &string) };
static const struct json_shape sysctl = OBJECT(sysctl_fields);
static const struct json_shape sysctls = LIST(&sysctl);
static const struct json_field pod_security_fields[] = {
    FIELD("sysctls", &sysctls),
};
static const struct json_shape pod_security = OBJECT(pod_security_fields);

static const struct json_field volume_fields[] = { FIELD("hostPath", &object) };
static const struct json_shape volume = OBJECT(volume_fields);
static const struct json_shape volumes = LIST(&volume);

static const struct json_field spread_fields[] = {
    FIELD("topologyKey", &string),
    FIELD("whenUnsatisfiable", &string),
    FIELD("labelSelector", &object),
};
static const struct json_shape spread = OBJECT(spread_fields);
static const struct json_shape spreads = LIST(&spread);

static const struct json_shape node_selector = { .kind = SHAPE_MAP,
                                                 .element =
                                                     &review_value_shape };

static const struct json_field spec_fields[] = {
    FIELD("nodeName", &string),
    FIELD("nodeSelector", &node_selector),
    FIELD("tolerations", &tolerations),
    FIELD("affinity", &affinity),
    FIELD("topologySpreadConstraints", &spreads),
    FIELD("containers", &containers),
    FIELD("initContainers", &containers),
    FIELD("volumes", &volumes),
    FIELD("securityContext", &pod_security),
    FIELD("hostNetwork", &boolean),
    FIELD("hostPID", &boolean),
};
static const struct json_shape spec = OBJECT(spec_fields);

/* --- the way down ------------------------------------------------------ */

static const struct json_field owner_fields[] = {
    FIELD("kind", &string),
    FIELD("name", &string),
    FIELD("controller", &boolean),
};
static const struct json_shape owner = OBJECT(owner_fields);
static const struct json_shape owners = LIST(&owner);

static const struct json_field group_version_kind_fields[] = {
    FIELD("group", &string),
    FIELD("version", &string),
    FIELD("kind", &string),
};
static const struct json_shape group_version_kind =
    OBJECT(group_version_kind_fields);

/* --- a Binding, and the way down --------------------------------------- */

static const struct json_field binding_annotation_fields[] = {
    FIELD(ANNOTATION_DELETION_COST, &review_value_shape),
};
static const struct json_shape binding_annotations =
    OBJECT(binding_annotation_fields);
static const struct json_field binding_metadata_fields[] = {
    FIELD("name", &string),
    FIELD("annotations", &binding_annotations),
};
static const struct json_shape binding_metadata =
    OBJECT(binding_metadata_fields);
static const struct json_field target_fields[] = { FIELD("name", &string) };
static const struct json_shape target = OBJECT(target_fields);
static const struct json_field binding_fields[] = {
    FIELD("metadata", &binding_metadata),
    FIELD("target", &target),
};
static const struct json_shape binding = OBJECT(binding_fields);
static const struct json_field binding_request_fields[] = {
    FIELD("object", &binding),
};
static const struct json_shape binding_request =
    OBJECT(binding_request_fields);
static const struct json_field binding_review_fields[] = {
    FIELD("request", &binding_request),
};
const struct json_shape review_binding_shape = OBJECT(binding_review_fields);
/* clang-format on */

static struct json_shape object_of(const struct json_field *fields, size_t n)
{
    return (struct json_shape){ .kind = SHAPE_OBJECT,
                                .fields = fields,
                                .n_fields = n };
}

void review_shape_init(struct review_shape *shape,
                       const struct json_field *labels, size_t n_labels,
                       const struct json_field *annotations,
                       size_t n_annotations)
{
    *shape = (struct review_shape){
        .labels = object_of(labels, n_labels),
        .annotations = object_of(annotations, n_annotations),
        .metadata_fields = {
            FIELD("name", &string),
            FIELD("generateName", &string),
            FIELD("labels", &shape->labels),
            FIELD("annotations", &shape->annotations),
            FIELD("ownerReferences", &owners),
        },
        .pod_fields = {
            FIELD("metadata", &shape->metadata),
            FIELD("spec", &spec),
        },
        .request_fields = {
            FIELD("uid", &string),
            FIELD("kind", &group_version_kind),
            FIELD("subResource", &string),
            FIELD("namespace", &string),
            FIELD("operation", &string),
            FIELD("object", &shape->pod),
        },
        .review_fields = {
            FIELD("apiVersion", &string),
            FIELD("kind", &string),
            FIELD("request", &shape->request),
        },
    };
    shape->metadata = object_of(shape->metadata_fields, 5);
    shape->pod = object_of(shape->pod_fields, 2);
    /* What is in there matters only when it turns out to be a Pod. */
    shape->pod.defer = true;
    shape->request = object_of(shape->request_fields, 6);
    shape->review = object_of(shape->review_fields, 3);
}
