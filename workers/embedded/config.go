package embedded

import (
	"encoding/base64"
	"time"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/membership/static"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"

	"lossatlas/workers/internal/loopback"
)

const (
	clusterName = "active"
	// historyShards is stored in the database and can't change later. SQLite has one writer: more shards would only wait.
	historyShards = 1
)

// servicePorts are the loopback gRPC ports of the server's four services.
type servicePorts map[primitives.ServiceName]int

// choosePorts gives free ports to the internal services.
func choosePorts(frontend int) (servicePorts, error) {
	inner := []primitives.ServiceName{primitives.HistoryService, primitives.MatchingService, primitives.WorkerService}
	free, err := loopback.FreePorts(len(inner))
	if err != nil {
		return nil, err
	}
	ports := servicePorts{primitives.FrontendService: frontend}
	for i, s := range inner {
		ports[s] = free[i]
	}
	return ports, nil
}

// hosts lists the addresses of the services, in place of a gossip ring, which needs more ports and a second to form.
func (p servicePorts) hosts() map[primitives.ServiceName]static.Hosts {
	hosts := make(map[primitives.ServiceName]static.Hosts, len(p))
	for s, n := range p {
		hosts[s] = static.SingleLocalHost(loopback.Address(n))
	}
	return hosts
}

// serverConfig is the configuration of one server on loopback, with one SQLite database and no archive.
func serverConfig(db config.SQL, ports servicePorts, identity []byte) *config.Config {
	services := make(map[string]config.Service, len(ports))
	for s, n := range ports {
		services[string(s)] = config.Service{RPC: config.RPC{GRPCPort: n, BindOnIP: loopback.Host}}
	}
	frontend := loopback.Address(ports[primitives.FrontendService])
	return &config.Config{
		Global: config.Global{
			// Half of the time limit for the start of all services, which is long on a busy machine.
			Membership: config.Membership{MaxJoinDuration: 24 * time.Hour, BroadcastAddress: loopback.Host},
			TLS:        mutualTLS(identity),
		},
		Persistence: config.Persistence{
			DefaultStore:     sqliteplugin.PluginName,
			VisibilityStore:  sqliteplugin.PluginName,
			NumHistoryShards: historyShards,
			DataStores:       map[string]config.DataStore{sqliteplugin.PluginName: {SQL: &db}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            services,
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{
			Archival: config.ArchivalNamespaceDefaults{
				History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
				Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
			},
		},
		PublicClient: config.PublicClient{HostPort: frontend},
	}
}

// mutualTLS makes every service, also the internal ones, require the identity of clients.
func mutualTLS(identity []byte) config.RootTLS {
	if identity == nil {
		return config.RootTLS{}
	}
	data := base64.StdEncoding.EncodeToString(identity)
	client := config.ClientTLS{ServerName: loopback.Host, RootCAData: []string{data}}
	group := config.GroupTLS{Client: client, Server: config.ServerTLS{CertData: data, KeyData: data, ClientCAData: []string{data}, RequireClientAuth: true}}
	return config.RootTLS{Internode: group, Frontend: group, SystemWorker: config.WorkerTLS{CertData: data, KeyData: data, Client: client}}
}

// dynamicConfig are the settings that differ from the server's defaults, which are for a cluster with many tenants.
func dynamicConfig() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		// New search attributes are usable at once.
		dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key(): true,
		// Several partitions on one SQLite writer would only forward tasks and pollers to each other.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,
		// Sweeps of the same priority share the workers.
		dynamicconfig.MatchingEnableFairness.Key(): true,
		// One user on one machine needs no rate limits.
		dynamicconfig.FrontendRPS.Key():                                         100_000,
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key():                  100_000,
		dynamicconfig.FrontendMaxConcurrentLongRunningRequestsPerInstance.Key(): 10_000,
	}
}
