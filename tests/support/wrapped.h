/*
 * wrapped.h - `spillway wrap` as tests run it, what it is given, and what it
 * leaves in its directory.
 */
#ifndef SPILLWAY_TESTS_WRAPPED_H
#define SPILLWAY_TESTS_WRAPPED_H

#include <stddef.h>

#include "run.h"
#include "scratch.h"

#include "spillway/buf.h"

#define WRAP_LABELS "labels: {istio: ingressgateway}"
#define WRAP_SPEC(image)                                                       \
    "spec: {containers: [{name: istio-proxy, image: " image "}]}"
#define WRAP_POD(name, image)                                                  \
    "apiVersion: v1\nkind: Pod\nmetadata: {name: " name                        \
    ", namespace: istio-system, " WRAP_LABELS "}\n" WRAP_SPEC(image) "\n"
#define WRAP_SECRET                                                            \
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"                      \
    "data: {password: aHVudGVyMg==}\n"
/* As kubectl prints a pod that runs. */
#define WRAP_RUNNING                                                           \
    "apiVersion: v1\nkind: Pod\nmetadata:\n"                                   \
    "  name: edge-5f8b9b4cb4-x7k2p\n  generateName: edge-5f8b9b4cb4-\n"        \
    "  namespace: istio-system\n  uid: 0c1d\n  resourceVersion: '77'\n"        \
    "  creationTimestamp: '2024-01-01T00:00:00Z'\n  generation: 1\n"           \
    "  managedFields: [{manager: kubectl}]\n  selfLink: /api/v1/pods/x\n"      \
    "  deletionTimestamp: '2024-01-02T00:00:00Z'\n"                            \
    "  labels: {istio: ingressgateway, pod-template-hash: 5f8b9b4cb4}\n"       \
    "  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet,\n"            \
    "    name: edge-5f8b9b4cb4, uid: own, controller: true}]\n"                \
    "spec:\n  nodeName: node1\n  ephemeralContainers: [{name: debug}]\n"       \
    "  containers: [{name: istio-proxy, image: x}]\n"                          \
    "status: {phase: Running, podIP: 10.0.0.1}\n"
#define WRAP_EVENT(id, level, stage, verb, reference, rest)                    \
    "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/"                       \
    "v1\",\"level\":\"" level "\",\"auditID\":\"" id "\",\"stage\":\"" stage   \
    "\",\"verb\":\"" verb                                                      \
    "\",\"objectRef\":{\"namespace\":\"istio-system\",\"apiVersion\":\"v1\","  \
    "\"resource\":" reference "}" rest "}"
#define WRAP_AUDIT_POD(image)                                                  \
    ",\"requestObject\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":" \
    "{\"generateName\":\"edge-\",\"labels\":{\"istio\":\"ingressgateway\"}},"  \
    "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"" image "\"}]}}"
#define WRAP_CREATED(id, image)                                                \
    WRAP_EVENT(id, "Request", "ResponseComplete", "create", "\"pods\"",        \
               WRAP_AUDIT_POD(image))

/* Run `spillway wrap OPTIONS --dir SCRATCH/NAME` with that standard input. */
void wrapped_run(struct run *run, const struct scratch *scratch,
                 const char *name, const char *options, const char *input);

/* What is in a directory of cases; a zeroed struct is an empty one. */
struct wrapped {
    size_t count;
    char *last;      /* the directory of a case */
    struct buf text; /* the bytes of all files */
};

/* Read everything below SCRATCH/NAME, whatever it is called; nothing when it is
 * not there.  All files must be for their owner only. */
void wrapped_read(struct wrapped *wrapped, const struct scratch *scratch,
                  const char *name);

void wrapped_done(struct wrapped *wrapped);

#define auto_wrapped __attribute__((cleanup(wrapped_done)))

#endif
