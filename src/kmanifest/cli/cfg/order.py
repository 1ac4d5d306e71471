"""The order of fields in a formatted resource. Other fields follow in alphabetical order.

For a name that is listed twice, the last position counts. Source: kyaml v0.21.2 yaml/order.go, fieldSortOrder.
"""

from kmanifest.startup.typing import Final

_FIELD_NAMES: Final = """
name generateName namespace clusterName apiVersion kind metadata type labels annotations spec status
stringData data binaryData parallelism completions activeDeadlineSeconds backoffLimit replicas
selector manualSelector template ttlSecondsAfterFinished volumeClaimTemplates service serviceName
podManagementPolicy updateStrategy strategy minReadySeconds revision revisionHistoryLimit paused
progressDeadlineSeconds restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy
serviceAccountName serviceAccount automountServiceAccountToken nodeName hostNetwork hostPID hostIPC
shareProcessNamespace hostname subdomain schedulerName priorityClassName priority runtimeClassName
enableServiceLinks nodeSelector hostAliases initContainers containers volumes securityContext
imagePullSecrets affinity tolerations dnsConfig readinessGates image command args workingDir ports
envFrom env resources volumeMounts volumeDevices livenessProbe readinessProbe lifecycle
terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty
clusterIP externalIPs loadBalancerIP loadBalancerSourceRanges externalName externalTrafficPolicy
sessionAffinity protocol port targetPort hostPort containerPort hostIP readOnly mountPath subPath
subPathExpr mountPropagation value valueFrom fieldRef resourceFieldRef configMapKeyRef secretKeyRef
prefix configMapRef secretRef
"""

FIELD_ORDER: Final = {name: place for place, name in enumerate(_FIELD_NAMES.split())}


def sort_key(name: str) -> tuple[int, str]:
    """The sort key of a field name."""
    index = FIELD_ORDER.get(name)
    return (len(FIELD_ORDER) * 2, name) if index is None else (index, "")
