/* platform.c - see platform.h for the contract. */
#include "spillway/platform.h"

#include "spillway/json.h"
#include "spillway/macros.h"
#include "spillway/term.h"

#define PROVIDER "virtual-kubelet.io/provider"

/* clang-format off */
static const struct platform platforms[] = {
    { "ACK virtual node (ECI)", "type", "virtual-kubelet",
      PROVIDER, "alibabacloud", "NoSchedule" },
    { "Azure ACI", "type", "virtual-kubelet",
      PROVIDER, "azure", "NoSchedule" },
    { "Baidu BCI", "type", "virtual-kubelet",
      PROVIDER, "baidu", "NoSchedule" },
    { "ACK on ACS compute", "type", "virtual-kubelet",
      "virtual-kubelet.io/compute-type", "acs", "NoSchedule" },
    { "Volcengine VCI", "type", "virtual-kubelet",
      "vci.vke.volcengine.com/node-type", "vci", "NoSchedule" },
    { "self-managed ECI VNode", "k8s.aliyun.com/vnode", "true",
      "k8s.aliyun.com/vnode", "true", "NoSchedule" },
    { "Azure VN2", "virtualization", "virtualnode2",
      PROVIDER, NULL, "NoSchedule" },
    { "Tencent super node", "node.kubernetes.io/instance-type", "eklet",
      "eks.tke.cloud.tencent.com/eklet", NULL, "NoSchedule" },
    { "Liqo", "liqo.io/type", "virtual-node",
      "virtual-node.liqo.io/not-allowed", "true", "NoExecute" },
};
/* clang-format on */

size_t platform_count(void)
{
    return array_len(platforms);
}

const struct platform *platform_at(size_t i)
{
    return &platforms[i];
}

const struct platform *platform_of_labels(const struct json *labels)
{
    for (size_t i = 0; i < array_len(platforms); i++) {
        struct text value =
            json_string_text(labels, text_of(platforms[i].label_key));

        if (text_is(value, platforms[i].label_value))
            return &platforms[i];
    }
    return NULL;
}

static bool asks_for(const struct requirement *r,
                     const struct platform *platform)
{
    if (!text_is(r->op, "In") || !text_is(r->key, platform->label_key))
        return false;
    for (size_t v = 0; v < r->n_values; v++) {
        if (text_is(r->values[v], platform->label_value))
            return true;
    }
    return false;
}

bool platform_is_asked_for(const struct term *term)
{
    for (size_t i = 0; i < term->n_expressions; i++) {
        for (size_t j = 0; j < array_len(platforms); j++) {
            if (asks_for(&term->expressions[i], &platforms[j]))
                return true;
        }
    }
    return false;
}
