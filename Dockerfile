# The image: the program, the shared libraries that it loads, and nothing else.
#
#   docker build -t spillway .        (podman and buildah take it as well)
#   make image                        (needs no registry: see tests/image.sh)

FROM docker.io/library/debian:bookworm-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
        gcc libc6-dev make pkg-config \
        libcjson-dev libgnutls28-dev libmicrohttpd-dev libssl-dev libyaml-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Makefile ./
COPY include include
COPY src src
RUN make CFLAGS=-O2 all
# The program and what the loader would load for it, loader included, at the
# places where it looks for them.
RUN install -D -s build/spillway /image/spillway \
 && ldd build/spillway | grep -o '/[^ ]*' | xargs cp -L --parents -t /image

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="spillway" \
      org.opencontainers.image.description="Admission webhook that lets gateway pods spill over to virtual nodes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="scratch"
COPY --from=build /image /
USER 65532:65532
EXPOSE 8443 8080
ENTRYPOINT ["/spillway"]
CMD ["serve", "--cert", "/etc/spillway/tls/tls.crt", "--key", "/etc/spillway/tls/tls.key"]
