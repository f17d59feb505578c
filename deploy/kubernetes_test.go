package deploy_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

// scaledObject is what the manifests use of KEDA's resource.
type scaledObject struct {
	metav1.TypeMeta
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		ScaleTargetRef  struct{ Name string }
		MinReplicaCount int
		MaxReplicaCount int
		PollingInterval int
		CooldownPeriod  int
		Advanced        struct {
			ScalingModifiers              struct{ Formula, Target, ActivationTarget string }
			HorizontalPodAutoscalerConfig struct {
				Behavior struct {
					ScaleDown struct {
						StabilizationWindowSeconds int
						Policies                   []struct {
							Type                 string
							Value, PeriodSeconds int
						}
					}
				}
			}
		}
		Triggers []struct {
			Type, Name string
			Metadata   map[string]string
		}
	}
}

// podMonitor is what they use of the Prometheus operator's.
type podMonitor struct {
	metav1.TypeMeta
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Selector            metav1.LabelSelector
		PodMetricsEndpoints []struct {
			Port, Interval string
			Relabelings    []struct{ TargetLabel, Replacement string }
		}
	}
}

// objects are what an overlay comes to, each decoded by its own type.
type objects struct {
	accounts    map[string]*corev1.ServiceAccount
	settings    map[string]*corev1.ConfigMap
	secrets     map[string]*corev1.Secret
	deployments map[string]*appsv1.Deployment
	budgets     map[string]*policyv1.PodDisruptionBudget
	networks    map[string]*networkingv1.NetworkPolicy
	scaled      map[string]*scaledObject
	monitors    map[string]*podMonitor
}

// decode refuses fields that the type does not have.
func decode[T any](t *testing.T, into map[string]*T, name string, doc []byte) {
	t.Helper()
	v := new(T)
	if err := yaml.UnmarshalStrict(doc, v); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	into[name] = v
}

// build has kubectl build an overlay, with the example secrets in place of real ones.
func build(t *testing.T, overlay string) objects {
	t.Helper()
	if _, err := exec.LookPath("kubectl"); err != nil {
		t.Skip("kubectl is not installed: the manifests are not built")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("kubernetes")); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "overlays", overlay)
	examples, err := filepath.Glob(filepath.Join(folder, "secrets", "*.example"))
	if err != nil || len(examples) == 0 {
		t.Fatalf("%s has no example of its secrets: %v", overlay, err)
	}
	for _, example := range examples {
		b, err := os.ReadFile(example)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(strings.TrimSuffix(example, ".example"), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("kubectl", "kustomize", folder)
	var says bytes.Buffer
	cmd.Stderr = &says
	out, err := cmd.Output()
	if err != nil || says.Len() > 0 {
		t.Fatalf("kubectl kustomize %s: %v\n%s", overlay, err, says.String())
	}
	o := objects{
		map[string]*corev1.ServiceAccount{}, map[string]*corev1.ConfigMap{}, map[string]*corev1.Secret{}, map[string]*appsv1.Deployment{},
		map[string]*policyv1.PodDisruptionBudget{}, map[string]*networkingv1.NetworkPolicy{}, map[string]*scaledObject{}, map[string]*podMonitor{},
	}
	for _, doc := range bytes.Split(out, []byte("\n---\n")) {
		var head metav1.PartialObjectMetadata
		if err := yaml.Unmarshal(doc, &head); err != nil {
			t.Fatal(err)
		}
		if head.Namespace != "lossatlas" {
			t.Errorf("%s %s is in the namespace %q", head.Kind, head.Name, head.Namespace)
		}
		switch head.APIVersion + " " + head.Kind {
		case "v1 ServiceAccount":
			decode(t, o.accounts, head.Name, doc)
		case "v1 ConfigMap":
			decode(t, o.settings, head.Name, doc)
		case "v1 Secret":
			decode(t, o.secrets, head.Name, doc)
		case "apps/v1 Deployment":
			decode(t, o.deployments, head.Name, doc)
		case "policy/v1 PodDisruptionBudget":
			decode(t, o.budgets, head.Name, doc)
		case "networking.k8s.io/v1 NetworkPolicy":
			decode(t, o.networks, head.Name, doc)
		case "keda.sh/v1alpha1 ScaledObject":
			decode(t, o.scaled, head.Name, doc)
		case "monitoring.coreos.com/v1 PodMonitor":
			decode(t, o.monitors, head.Name, doc)
		default:
			t.Errorf("an object of kind %s %s, which no test knows", head.APIVersion, head.Kind)
		}
	}
	return o
}

func overlays(t *testing.T, check func(*testing.T, objects)) {
	for _, overlay := range []string{"fixed", "autoscaled"} {
		t.Run(overlay, func(t *testing.T) { check(t, build(t, overlay)) })
	}
}

// TestWorkersOnKubernetes: every pod is locked up, has what it names, ends after it has drained, and is
// covered by one budget and one network policy.
func TestWorkersOnKubernetes(t *testing.T) {
	overlays(t, func(t *testing.T, o objects) {
		if len(o.deployments) != 3 {
			t.Fatalf("%d deployments, want io, cpu and gpu", len(o.deployments))
		}
		for name, d := range o.deployments {
			pod, spec := d.Spec.Template, d.Spec.Template.Spec
			c := spec.Containers[0]
			if sc := c.SecurityContext; len(spec.Containers) != 1 || !*spec.SecurityContext.RunAsNonRoot || !*sc.ReadOnlyRootFilesystem || *sc.AllowPrivilegeEscalation ||
				!slices.Equal(sc.Capabilities.Drop, []corev1.Capability{"ALL"}) || *spec.AutomountServiceAccountToken || spec.SecurityContext.SeccompProfile == nil {
				t.Errorf("%s is not locked up", name)
			}
			if o.accounts[spec.ServiceAccountName] == nil {
				t.Errorf("%s has the account %q, which is not there", name, spec.ServiceAccountName)
			}
			if from := c.EnvFrom[0].ConfigMapRef; o.settings[from.Name] == nil {
				t.Errorf("%s has its settings of %q, which is not there", name, from.Name)
			}
			for _, v := range spec.Volumes {
				if v.Secret != nil && o.secrets[v.Secret.SecretName] == nil {
					t.Errorf("%s mounts the secret %q, which is not there", name, v.Secret.SecretName)
				}
			}
			if strings.HasPrefix(c.Image, "lossatlas-") {
				t.Errorf("%s: no image is chosen for %s", name, c.Image)
			}
			drain := ""
			for _, arg := range c.Args {
				if v, ok := strings.CutPrefix(arg, "--drain="); ok {
					drain = v
				}
			}
			if limit, err := time.ParseDuration(drain); err != nil || limit.Seconds()+10 > float64(*spec.TerminationGracePeriodSeconds) {
				t.Errorf("%s drains for %q and is killed after %d s", name, drain, *spec.TerminationGracePeriodSeconds)
			}
			if !selects(t, d.Spec.Selector, pod.Labels) {
				t.Errorf("%s does not select its own pods", name)
			}
			covered := 0
			for _, b := range o.budgets {
				if selects(t, b.Spec.Selector, pod.Labels) {
					covered++
				}
			}
			if covered != 1 { // more than one, and no pod can be evicted at all
				t.Errorf("%s is covered by %d disruption budgets, want 1", name, covered)
			}
			for _, n := range o.networks {
				if !selects(t, &n.Spec.PodSelector, pod.Labels) {
					t.Errorf("%s is not covered by the network policy %s", name, n.Name)
				}
			}
		}
		if len(o.networks) != 1 {
			t.Errorf("%d network policies, want 1", len(o.networks))
		}
	})
}

func selects(t *testing.T, s *metav1.LabelSelector, of map[string]string) bool {
	t.Helper()
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		t.Fatal(err)
	}
	return selector.Matches(labels.Set(of))
}

// TestScaling: workers that compute are scaled by what waits on the queue of all and on that of their class, in the
// version that they are, and by what they are busy with.
func TestScaling(t *testing.T) {
	o := build(t, "autoscaled")
	var settings map[string]string
	for name, c := range o.settings {
		if strings.HasPrefix(name, "lossatlas-settings") {
			settings = c.Data
		}
	}
	if len(o.scaled) != 2 || len(o.settings) != 1 {
		t.Fatalf("%d scaled objects and %d config maps, want 2 and 1", len(o.scaled), len(o.settings))
	}
	for name, s := range o.scaled {
		d := o.deployments[s.Spec.ScaleTargetRef.Name]
		if d == nil {
			t.Errorf("%s scales %q, which is not there", name, s.Spec.ScaleTargetRef.Name)
			continue
		}
		kind := d.Spec.Template.Labels["app.kubernetes.io/component"]
		names := []string{}
		for i, trigger := range s.Spec.Triggers {
			names = append(names, trigger.Name)
			m := trigger.Metadata
			switch trigger.Type {
			case "temporal":
				if m["endpoint"] != settings["LOSSATLAS_TEMPORAL_ADDRESS"] || m["namespace"] != settings["LOSSATLAS_TEMPORAL_NAMESPACE"] ||
					m["workerDeploymentName"] != settings["LOSSATLAS_DEPLOYMENT"] || m["workerDeploymentBuildId"] != settings["LOSSATLAS_BUILD_ID"] {
					t.Errorf("%s asks for %v, and workers have %v", name, m, settings)
				}
				if queue := m["taskQueue"]; i == 0 && queue != kind || i == 1 && !strings.HasPrefix(queue, kind+"-") {
					t.Errorf("%s: trigger %d is the queue %q", name, i, queue)
				}
			case "prometheus":
				if want := `pod=~"` + d.Name + `-.*"`; !strings.Contains(m["query"], want) || m["serverAddress"] == "" {
					t.Errorf("%s: %v, want %s", name, m, want)
				}
			default:
				t.Errorf("%s has a trigger of type %q", name, trigger.Type)
			}
		}
		if formula := s.Spec.Advanced.ScalingModifiers.Formula; strings.Join(names, " + ") != formula {
			t.Errorf("%s has the formula %q of triggers %q", name, formula, names)
		}
	}
	for _, m := range o.monitors {
		for name, d := range o.deployments {
			if !selects(t, &m.Spec.Selector, d.Spec.Template.Labels) {
				t.Errorf("Prometheus does not collect from %s", name)
			}
		}
	}
	if len(o.monitors) != 1 {
		t.Errorf("%d pod monitors, want 1", len(o.monitors))
	}
}
