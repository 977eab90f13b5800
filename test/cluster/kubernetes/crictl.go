package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/otel/trace"
	runtimeapi "k8s.io/cri-api/pkg/apis"
	client "k8s.io/cri-client/pkg"
	"k8s.io/klog/v2"
)

const (
	defaultEndpoint = "unix:///run/containerd/containerd.sock"
	callTimeout     = time.Minute
)

const crictlUsage = `usage: crictl pods | ps | stop ID... | rm ID... | stopp ID... | rmp ID...
What crictl's commands of these names do; pods and ps list all: id, state, namespace/pod, container.
CONTAINER_RUNTIME_ENDPOINT (default ` + defaultEndpoint + `) names the runtime.`

type runtimeCommand func(context.Context, runtimeapi.RuntimeService, []string) error

var runtimeCommands = map[string]runtimeCommand{
	"pods": listPods,
	"ps":   listContainers,
	"stop": forEach(func(ctx context.Context, r runtimeapi.RuntimeService, id string) error {
		return r.StopContainer(ctx, id, 0)
	}),
	"rm": forEach(func(ctx context.Context, r runtimeapi.RuntimeService, id string) error {
		return r.RemoveContainer(ctx, id)
	}),
	"stopp": forEach(func(ctx context.Context, r runtimeapi.RuntimeService, id string) error {
		return r.StopPodSandbox(ctx, id)
	}),
	"rmp": forEach(removePod),
}

// The little of crictl that is needed here, on the client library that crictl itself uses. It returns the exit code.
func runCrictl(args []string) int {
	if len(args) == 0 || runtimeCommands[args[0]] == nil {
		fmt.Fprintln(os.Stderr, crictlUsage)
		return 2
	}
	endpoint := cmp.Or(os.Getenv("CONTAINER_RUNTIME_ENDPOINT"), defaultEndpoint)
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	runtime, err := connect(ctx, endpoint)
	if err == nil {
		err = runtimeCommands[args[0]](ctx, runtime, args[1:])
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "crictl %s: %v\n", args[0], err)
		return 1
	}
	return 0
}

// Kubernetes 1.36 passes a context.
func connect(ctx context.Context, endpoint string) (runtimeapi.RuntimeService, error) {
	switch create := any(client.NewRemoteRuntimeService).(type) {
	case func(string, time.Duration, trace.TracerProvider, *klog.Logger) (runtimeapi.RuntimeService, error):
		return create(endpoint, callTimeout, nil, nil)
	case func(context.Context, string, time.Duration, trace.TracerProvider, bool) (runtimeapi.RuntimeService, error):
		return create(ctx, endpoint, callTimeout, nil, false)
	default:
		return nil, fmt.Errorf("NewRemoteRuntimeService has become %T", create)
	}
}

func forEach(act func(context.Context, runtimeapi.RuntimeService, string) error) runtimeCommand {
	return func(ctx context.Context, runtime runtimeapi.RuntimeService, ids []string) error {
		for _, id := range ids {
			if err := act(ctx, runtime, id); err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			fmt.Println(id)
		}
		return nil
	}
}

// rmp --force: the runtime refuses to remove a sandbox that runs.
func removePod(ctx context.Context, runtime runtimeapi.RuntimeService, id string) error {
	if err := runtime.StopPodSandbox(ctx, id); err != nil {
		return err
	}
	return runtime.RemovePodSandbox(ctx, id)
}

func listPods(ctx context.Context, runtime runtimeapi.RuntimeService, _ []string) error {
	pods, err := runtime.ListPodSandbox(ctx, nil)
	for _, pod := range pods {
		fmt.Println(pod.Id, pod.State, pod.Metadata.Namespace+"/"+pod.Metadata.Name)
	}
	return err
}

func listContainers(ctx context.Context, runtime runtimeapi.RuntimeService, _ []string) error {
	containers, err := runtime.ListContainers(ctx, nil)
	for _, each := range containers {
		pod := each.Labels["io.kubernetes.pod.namespace"] + "/" + each.Labels["io.kubernetes.pod.name"]
		fmt.Println(each.Id, each.State, pod, each.Metadata.Name)
	}
	return err
}
