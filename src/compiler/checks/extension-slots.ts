/** Places in a configuration that hold an extension of one category. */
export type ExtensionSlot =
  'httpFilter' | 'networkFilter' | 'listenerFilter' | 'downstreamSocket' | 'upstreamSocket' | 'accessLog';

function names(prefix: string, list: string): readonly string[] {
  return list
    .trim()
    .split(/\s+/)
    .map(name => `${prefix}${name}`);
}

const SOCKETS = 'envoy.extensions.transport_sockets.';

/** Extensions of Envoy 1.40 (without contrib) for each slot, found by asking the binary for each message of its API. */
const EXTENSIONS: Readonly<Record<ExtensionSlot, ReadonlySet<string>>> = {
  httpFilter: new Set([
    'envoy.extensions.common.matching.v3.ExtensionWithMatcher',
    ...names(
      'envoy.extensions.filters.http.',
      `a2a.v3.A2a adaptive_concurrency.v3.AdaptiveConcurrency admission_control.v3.AdmissionControl
      ai_protocol_manager.v3.AiProtocolManager alternate_protocols_cache.v3.FilterConfig api_key_auth.v3.ApiKeyAuth
      aws_eventstream_parser.v3.AwsEventstreamParser aws_lambda.v3.Config aws_request_signing.v3.AwsRequestSigning
      bandwidth_limit.v3.BandwidthLimit bandwidth_share.v3.BandwidthShare basic_auth.v3.BasicAuth
      body_size_limit.v3.BodySizeLimit buffer.v3.Buffer cache.v3.CacheConfig cache_v2.v3.CacheV2Config
      cdn_loop.v3.CdnLoopConfig composite.v3.Composite compressor.v3.Compressor connect_grpc_bridge.v3.FilterConfig
      cors.v3.Cors credential_injector.v3.CredentialInjector csrf.v3.CsrfPolicy custom_response.v3.CustomResponse
      decompressor.v3.Decompressor dynamic_forward_proxy.v3.FilterConfig dynamic_modules.v3.DynamicModuleFilter
      ext_authz.v3.ExtAuthz ext_proc.v3.ExternalProcessor fault.v3.HTTPFault file_server.v3.FileServerConfig
      file_system_buffer.v3.FileSystemBufferFilterConfig filter_chain.v3.FilterChainConfig
      gcp_authn.v3.GcpAuthnFilterConfig geoip.v3.Geoip grpc_field_extraction.v3.GrpcFieldExtractionConfig
      grpc_http1_bridge.v3.Config grpc_http1_reverse_bridge.v3.FilterConfig
      grpc_json_reverse_transcoder.v3.GrpcJsonReverseTranscoder grpc_json_transcoder.v3.GrpcJsonTranscoder
      grpc_stats.v3.FilterConfig grpc_web.v3.GrpcWeb gzip.v3.Gzip header_mutation.v3.HeaderMutation
      header_to_metadata.v3.Config health_check.v3.HealthCheck ip_tagging.v3.IPTagging
      json_to_metadata.v3.JsonToMetadata jwt_authn.v3.JwtAuthentication kill_request.v3.KillRequest
      local_ratelimit.v3.LocalRateLimit lua.v3.Lua mcp.v3.Mcp mcp_json_rest_bridge.v3.McpJsonRestBridge
      mcp_router.v3.McpRouter oauth2.v3.OAuth2 on_demand.v3.OnDemand original_src.v3.OriginalSrc
      proto_api_scrubber.v3.ProtoApiScrubberConfig proto_message_extraction.v3.ProtoMessageExtractionConfig
      rate_limit_quota.v3.RateLimitQuotaFilterConfig ratelimit.v3.RateLimit rbac.v3.RBAC router.v3.Router
      set_filter_state.v3.Config set_metadata.v3.Config sse_to_metadata.v3.SseToMetadata
      stateful_session.v3.StatefulSession tap.v3.Tap thrift_to_metadata.v3.ThriftToMetadata
      transform.v3.TransformConfig wasm.v3.Wasm`,
    ),
  ]),
  networkFilter: new Set(
    names(
      'envoy.extensions.filters.network.',
      `connection_limit.v3.ConnectionLimit direct_response.v3.Config dubbo_proxy.v3.DubboProxy
      dynamic_modules.v3.DynamicModuleNetworkFilter echo.v3.Echo ext_authz.v3.ExtAuthz
      ext_proc.v3.NetworkExternalProcessor generic_proxy.v3.GenericProxy geoip.v3.Geoip
      http_connection_manager.v3.HttpConnectionManager local_ratelimit.v3.LocalRateLimit mongo_proxy.v3.MongoProxy
      ratelimit.v3.RateLimit rbac.v3.RBAC redis_proxy.v3.RedisProxy
      reverse_tunnel.v3.DrainAwareHttpConnectionManager reverse_tunnel.v3.ReverseTunnel set_filter_state.v3.Config
      sni_cluster.v3.SniCluster sni_dynamic_forward_proxy.v3.FilterConfig tcp_bandwidth_limit.v3.TcpBandwidthLimit
      tcp_proxy.v3.TcpProxy thrift_proxy.v3.ThriftProxy wasm.v3.Wasm zookeeper_proxy.v3.ZooKeeperProxy`,
    ),
  ),
  listenerFilter: new Set([
    ...names(
      'envoy.extensions.filters.listener.',
      `dynamic_modules.v3.DynamicModuleListenerFilter http_inspector.v3.HttpInspector
      local_ratelimit.v3.LocalRateLimit original_dst.v3.OriginalDst original_src.v3.OriginalSrc
      proxy_protocol.v3.ProxyProtocol set_filter_state.v3.Config tls_inspector.v3.TlsInspector`,
    ),
    ...names(
      'envoy.extensions.filters.udp.',
      'udp_proxy.v3.UdpProxyConfig dns_filter.v3.DnsFilterConfig dynamic_modules.v3.DynamicModuleUdpListenerFilter',
    ),
  ]),
  downstreamSocket: new Set(
    names(
      SOCKETS,
      `alts.v3.Alts dynamic_modules.v3.DynamicModuleTransportSocket quic.v3.QuicDownstreamTransport
      raw_buffer.v3.RawBuffer s2a.v3.S2AConfiguration starttls.v3.StartTlsConfig tap.v3.Tap tcp_stats.v3.Config
      tls.v3.DownstreamTlsContext`,
    ),
  ),
  upstreamSocket: new Set(
    names(
      SOCKETS,
      `alts.v3.Alts dynamic_modules.v3.DynamicModuleTransportSocket http_11_proxy.v3.Http11ProxyUpstreamTransport
      internal_upstream.v3.InternalUpstreamTransport proxy_protocol.v3.ProxyProtocolUpstreamTransport
      quic.v3.QuicUpstreamTransport raw_buffer.v3.RawBuffer s2a.v3.S2AConfiguration
      starttls.v3.UpstreamStartTlsConfig tap.v3.Tap tcp_stats.v3.Config tls.v3.UpstreamTlsContext`,
    ),
  ),
  accessLog: new Set(
    names(
      'envoy.extensions.access_loggers.',
      `dynamic_modules.v3.DynamicModuleAccessLog file.v3.FileAccessLog fluentd.v3.FluentdAccessLogConfig
      grpc.v3.HttpGrpcAccessLogConfig grpc.v3.TcpGrpcAccessLogConfig
      open_telemetry.v3.OpenTelemetryAccessLogConfig stats.v3.Config stream.v3.StderrAccessLog
      stream.v3.StdoutAccessLog wasm.v3.WasmAccessLog`,
    ),
  ),
};

/** False when Envoy has no such extension for the slot. Types that are not Envoy's own may be in a build of its user. */
export function fitsSlot(slot: ExtensionSlot, typeName: string): boolean {
  return !typeName.startsWith('envoy.') || EXTENSIONS[slot].has(typeName);
}
