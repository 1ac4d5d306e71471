#!/bin/sh
# A stand-in for a program that fetches secrets, such as ksops: it prints a ResourceList with one Secret.
cat <<'YAML'
apiVersion: config.kubernetes.io/v1
kind: ResourceList
items:
- apiVersion: v1
  kind: Secret
  metadata:
    name: database
    annotations:
      kustomize.config.k8s.io/needs-hash: "true"
  stringData:
    password: not-a-real-password
    sessionKey: not-a-real-key
YAML
