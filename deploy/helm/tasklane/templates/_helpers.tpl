{{- /* What Helm adds to what kustomize renders: the last three. */ -}}
{{- define "tasklane.labels" -}}
app.kubernetes.io/name: tasklane
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
app.kubernetes.io/part-of: tasklane
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "tasklane.selector" -}}
app.kubernetes.io/name: tasklane
app.kubernetes.io/component: {{ . }}
{{- end }}

{{- define "tasklane.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "tasklane.labels" . | nindent 2 }}
{{- end }}

{{- define "tasklane.image" -}}
{{ with .root.Values.image.registry }}{{ . }}/{{ end }}{{ .name }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "tasklane.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "tasklane.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "tasklane.resources" -}}
requests:
  cpu: {{ index . 0 }}
  memory: {{ index . 1 }}
limits:
  cpu: {{ index . 2 | quote }}
  memory: {{ index . 3 }}
{{- end }}

{{- define "tasklane.preStop" -}}
preStop:
  sleep:
    seconds: 15 {{- /* endpoints and gateway hear of it, on a busy node late */}}
{{- end }}

{{- define "tasklane.rolling" -}}
rollingUpdate:
  maxSurge: 1
  maxUnavailable: 0
{{- end }}

{{- define "tasklane.spread" -}}
{{- $component := .component }}
{{- range .over }}
- maxSkew: 1
  topologyKey: {{ . }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "tasklane.selector" $component | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}

{{- define "tasklane.mounts" -}}
- name: tmp
  mountPath: /tmp
- name: secrets
  mountPath: /run/secrets/tasklane
  readOnly: true
{{- end }}

{{- define "tasklane.secretsDir" -}}
- name: SECRETS_DIR
  value: /run/secrets/tasklane
{{- end }}

{{- define "tasklane.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      - secret:
          {{- if eq .root.Values.database.kind "cloudnative-pg" }}
          name: tasklane-db-app
          items:
            - {key: uri, path: DATABASE_URL}
          {{- else }}
          name: {{ .root.Values.secret }}
          items:
            - {key: {{ .key }}, path: DATABASE_URL}
          {{- end }}
      {{- if .service }}
      - secret:
          name: {{ .root.Values.secret }}
          optional: true {{- /* not needed with AUTH_JWKS_URL */}}
          items:
            - {key: BETTER_AUTH_SECRET, path: BETTER_AUTH_SECRET}
      {{- if eq .root.Values.redis.kind "elsewhere" }}
      - secret:
          name: {{ .root.Values.secret }}
          items:
            - {key: REDIS_URL, path: REDIS_URL}
      {{- end }}
      {{- end }}
{{- end }}

{{- /* A container that waits for the schema, or for the database alone. */ -}}
{{- define "tasklane.wait" -}}
- name: {{ .name }}
  image: {{ include "tasklane.image" (dict "root" .root "name" "tasklane") }}
  imagePullPolicy: IfNotPresent
  command: {{ .command | toJson }}
  env:
    {{- include "tasklane.secretsDir" . | nindent 4 }}
  securityContext:
    {{- include "tasklane.security" . | nindent 4 }}
  resources:
    {{- include "tasklane.resources" (list "50m" "96Mi" "1" "192Mi") | nindent 4 }}
  volumeMounts:
    {{- include "tasklane.mounts" . | nindent 4 }}
{{- end }}

{{- /* What the services are told; JSON. */ -}}
{{- define "tasklane.config" -}}
{{- $data := dict "WORKER_METRICS_PORT" "9000" "LOG_FORMAT" "json" }}
{{- if eq .Values.redis.kind "bundled" }}{{ $_ := set $data "REDIS_URL" "redis://tasklane-redis:6379/0" }}{{ end }}
{{- if .Values.page.enabled }}
{{- $_ := set $data "AUTH_JWKS_URL" "http://tasklane-auth:3000/api/auth/jwks" }}
{{- $_ := set $data "AUTH_ISSUER" "tasklane" }}
{{- $_ := set $data "AUTH_AUDIENCE" "tasklane" }}
{{- end }}
{{- with .Values.signIn.jwksUrl }}{{ $_ := set $data "AUTH_JWKS_URL" . }}{{ end }}
{{- with .Values.signIn.issuer }}{{ $_ := set $data "AUTH_ISSUER" . }}{{ end }}
{{- with .Values.signIn.audience }}{{ $_ := set $data "AUTH_AUDIENCE" . }}{{ end }}
{{- with .Values.corsOrigins }}{{ $_ := set $data "CORS_ORIGINS" . }}{{ end }}
{{- if eq (toString .Values.config.MCP) "true" }}
{{- with .Values.gateway.host }}{{ $_ := set $data "MCP_HOSTS" . }}{{ end }}
{{- if .Values.page.enabled }}{{ $_ := set $data "BETTER_AUTH_URL" .Values.page.url }}{{ end }}
{{- end }}
{{- range $name, $value := .Values.config }}{{ $_ := set $data $name (toString $value) }}{{ end }}
{{- $data | toJson }}
{{- end }}

{{- define "tasklane.authConfig" -}}
{{- $signIn := .Values.signIn }}
{{- dict "BETTER_AUTH_URL" .Values.page.url "AUTH_TRUSTED_ORIGINS" .Values.page.trustedOrigins
  "AUTH_ISSUER" ($signIn.issuer | default "tasklane") "AUTH_AUDIENCE" ($signIn.audience | default "tasklane") | toJson }}
{{- end }}

{{- define "tasklane.gatewayConfig" -}}
{{- $domain := printf "svc.%s" .Values.page.clusterDomain }}
{{- $here := printf "%s.%s" .Release.Namespace $domain }}
{{- dict
  "resolver.conf" (printf "resolver kube-dns.kube-system.%s valid=1s ipv6=off;" $domain)
  "api.conf" (printf "server tasklane-api-pods.%s:8000 resolve max_fails=0;" $here)
  "auth.conf" (printf "server tasklane-auth.%s:3000 resolve max_fails=0;" $here)
  "clients.conf" "set_real_ip_from 0.0.0.0/0; real_ip_header X-Forwarded-For;" | toJson }}
{{- end }}

{{- /* A ConfigMap's name follows its content, as kustomize's does: a change gives new pods. Takes name, and data as JSON. */ -}}
{{- define "tasklane.hashed" -}}
{{- $content := dict "data" (fromJson .data) "kind" "ConfigMap" "name" "" | toJson | sha256sum | trunc 10 }}
{{- printf "%s-%s" .name ($content | replace "0" "g" | replace "1" "h" | replace "3" "k" | replace "a" "m" | replace "e" "t") }}
{{- end }}

{{- define "tasklane.configMap" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "tasklane.metadata" (dict "root" .root "name" (include "tasklane.hashed" .)) | nindent 2 }}
data:
  {{- range $key, $value := fromJson .data }}
  {{ $key }}: {{ $value | quote }}
  {{- end }}
{{- end }}

{{- define "tasklane.account" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "tasklane.metadata" . | nindent 2 }}
automountServiceAccountToken: false
{{- with .pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "tasklane.budget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "tasklane.metadata" (dict "root" .root "name" (printf "tasklane-%s" .component)) | nindent 2 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "tasklane.selector" .component | nindent 6 }}
{{- end }}

{{- define "tasklane.outside" -}}
- ipBlock:
    cidr: 0.0.0.0/0
    except: [10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]
- ipBlock:
    cidr: ::/0
    except: ["fc00::/7", "fe80::/10"]
{{- end }}

{{- /* The pods of one component of ours, or of several. */ -}}
{{- define "tasklane.pods" -}}
{{- if kindIs "string" . }}
matchLabels:
  {{- include "tasklane.selector" . | nindent 2 }}
{{- else }}
matchExpressions:
  - {key: app.kubernetes.io/name, operator: In, values: [tasklane]}
  - {key: app.kubernetes.io/component, operator: In, values: {{ . | toJson }}}
{{- end }}
{{- end }}
