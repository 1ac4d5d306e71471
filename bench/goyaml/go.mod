// What bench/throughput.py compares with: the packages and versions with which kustomize v5.8.2 is built.
module kmanifest/bench/goyaml

go 1.22

require (
	go.yaml.in/yaml/v3 v3.0.5
	sigs.k8s.io/yaml v1.6.0
)

require go.yaml.in/yaml/v2 v2.4.4 // indirect
