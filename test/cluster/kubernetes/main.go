// All Kubernetes programs in one binary, so that they are linked once: the name that it is called by, or its first
// argument, picks the program.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

var daemons = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllermanager.NewControllerManagerCommand,
	"kube-proxy":              proxy.NewProxyCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubelet":                 newKubeletCommand,
}

func main() {
	program := filepath.Base(os.Args[0])
	if !isKnown(program) && len(os.Args) > 1 {
		program = os.Args[1]
		os.Args = slices.Delete(os.Args, 0, 1)
	}
	switch program {
	case "kubectl":
		runKubectl()
		return
	case "crictl":
		os.Exit(runCrictl(os.Args[1:]))
	}
	newCommand, ok := daemons[program]
	if !ok {
		fmt.Fprintf(os.Stderr, "%s: no such program; there are crictl, kubectl, kubelet, kube-apiserver, kube-controller-manager, kube-proxy, kube-scheduler\n", program)
		os.Exit(2)
	}
	os.Exit(cli.Run(newCommand()))
}

// Kubernetes 1.33 gives it no context.
func newKubeletCommand() *cobra.Command {
	switch create := any(kubelet.NewKubeletCommand).(type) {
	case func() *cobra.Command:
		return create()
	case func(context.Context) *cobra.Command:
		return create(context.Background())
	default:
		panic(fmt.Sprintf("NewKubeletCommand has become %T", create))
	}
}

func isKnown(program string) bool {
	return program == "crictl" || program == "kubectl" || daemons[program] != nil
}

func runKubectl() {
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
}
