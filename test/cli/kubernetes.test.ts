import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { validate as deployment } from 'kubernetes-models/_schemas/IoK8sApiAppsV1Deployment';
import { validate as autoscaler } from 'kubernetes-models/_schemas/IoK8sApiAutoscalingV2HorizontalPodAutoscaler';
import { validate as secret } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Secret';
import { validate as service } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Service';
import { validate as budget } from 'kubernetes-models/_schemas/IoK8sApiPolicyV1PodDisruptionBudget';
import { parse } from 'yaml';
import { PICOSOCKS5 } from '../support/command.js';
import { temporaryDirectory } from '../support/files.js';
import { has, run } from '../support/programs.js';
import { plainSecret } from '../support/users.js';

const KUBERNETES = fileURLToPath(new URL('../../../build/kubernetes', import.meta.url));
const KUSTOMIZATION = 'kustomization.yaml';

/** By apiVersion and kind, the validators that are made of Kubernetes' own OpenAPI schemas. */
const schemas: Readonly<Record<string, Validate>> = {
  'apps/v1 Deployment': deployment,
  'autoscaling/v2 HorizontalPodAutoscaler': autoscaler,
  'v1 Secret': secret,
  'v1 Service': service,
  'policy/v1 PodDisruptionBudget': budget,
};

interface Validate {
  (data: unknown): boolean;
  errors?: readonly { readonly instancePath: string; readonly message?: string }[] | null;
}

// biome-ignore lint/suspicious/noExplicitAny: what YAML has is any value; schemas say what it is.
type Value = any;

function read(name: string): Value {
  // As Kubernetes reads it: a mode of 0440 is octal.
  return parse(readFileSync(join(KUBERNETES, name), 'utf8'), { version: '1.1' });
}

/** The values of a document, each noting which of its fields are asked for. */
function watched(value: Value, path: string, unknown: Set<string>): Value {
  if (typeof value !== 'object' || value === null) return value;
  const parts = new Map<PropertyKey, Value>();
  for (const key of Object.keys(value)) {
    const at = `${path}/${key}`;
    if (!Array.isArray(value)) unknown.add(at);
    parts.set(key, watched(value[key], at, unknown));
  }
  return new Proxy(value, {
    get(target, key) {
      unknown.delete(`${path}/${String(key)}`);
      return parts.has(key) ? parts.get(key) : Reflect.get(target, key);
    },
  });
}

/** What is wrong with a document: what its schema says, and fields that the schema does not have. */
function mistakes(document: Value): string[] {
  const kind = `${document.apiVersion} ${document.kind}`;
  const validate = schemas[kind];
  if (validate === undefined) return [`no schema of ${kind}`];
  const unknown = new Set<string>();
  const isValid = validate(watched(document, '', unknown));
  const wrong = isValid ? [] : (validate.errors ?? []);
  return [
    ...wrong.map(({ instancePath, message = 'is wrong' }) => `${instancePath} ${message}`),
    ...[...unknown].map((path) => `${path} is unknown`),
  ];
}

const files = readdirSync(KUBERNETES).filter((name) => /\.ya?ml$/.test(name));
const resources = files.filter((name) => name !== KUSTOMIZATION);

for (const name of resources) {
  test(`${name} for Kubernetes is what its schema says`, () => {
    assert.deepEqual(mistakes(read(name)), []);
  });
}

test('a mistake in a file for Kubernetes would be found', () => {
  const { spec } = read('deployment.yaml');
  const wrong = (change: (container: Value, pod: Value) => void) => {
    const document = structuredClone({ ...read('deployment.yaml'), spec });
    change(document.spec.template.spec.containers[0], document.spec.template.spec);
    return mistakes(document).join('\n');
  };
  assert.match(
    wrong((container) => {
      container.ports[0].containerPort = 'socks';
    }),
    /containerPort/,
  );
  assert.match(
    wrong((container) => {
      container.readinesProbe = container.readinessProbe;
    }),
    /containers\/0\/readinesProbe is unknown/,
  );
  assert.match(
    wrong((container) => {
      delete container.name;
    }),
    /containers\/0/,
  );
  assert.match(
    wrong((_, pod) => {
      pod.volumes[1].secret.defaultMode = '0440';
    }),
    /defaultMode/,
  );
  assert.deepEqual(mistakes({ apiVersion: 'v1', kind: 'Pod' }), ['no schema of v1 Pod']);
});

test('the base for kustomize has all of them, and its parts name each other', () => {
  const base = read(KUSTOMIZATION);
  assert.deepEqual([...base.resources].sort(), resources.sort());
  const documents: Value[] = resources.map(read);
  const kinds = Object.fromEntries(documents.map((document) => [document.kind, document]));
  assert.deepEqual(Object.keys(kinds).sort(), [
    'Deployment',
    'HorizontalPodAutoscaler',
    'PodDisruptionBudget',
    'Secret',
    'Service',
  ]);
  const { Deployment, HorizontalPodAutoscaler, PodDisruptionBudget, Secret, Service } = kinds;
  const { metadata, spec: pod } = Deployment.spec.template;
  for (const labels of [
    Deployment.spec.selector.matchLabels,
    Service.spec.selector,
    PodDisruptionBudget.spec.selector.matchLabels,
  ]) {
    for (const [name, value] of Object.entries(labels)) assert.equal(metadata.labels[name], value);
  }
  const { scaleTargetRef, minReplicas } = HorizontalPodAutoscaler.spec;
  const { apiVersion, kind } = Deployment;
  assert.deepEqual(scaleTargetRef, { apiVersion, kind, name: Deployment.metadata.name });
  // Otherwise no node could be emptied.
  assert.ok(PodDisruptionBudget.spec.minAvailable < minReplicas);
  assert.equal(Deployment.spec.replicas, undefined, 'the autoscaler says how many');
  const [container] = pod.containers;
  assert.ok(container.resources.requests.cpu, 'what the autoscaler takes a percentage of');
  const ports = container.ports.map(({ name }: Value) => name);
  for (const { targetPort } of Service.spec.ports) assert.ok(ports.includes(targetPort));
  const [map] = base.configMapGenerator;
  for (const file of map.files) assert.ok(existsSync(join(KUBERNETES, file)), file);
  const volume = (key: string) => pod.volumes.find((one: Value) => one[key] !== undefined)[key];
  assert.equal(volume('configMap').name, map.name);
  assert.equal(volume('secret').secretName, Secret.metadata.name);
  assert.deepEqual(
    container.volumeMounts.map(({ name }: Value) => name).sort(),
    pod.volumes.map(({ name }: Value) => name).sort(),
  );
  assert.ok(base.images.some(({ name }: Value) => name === container.image));
  const ini = readFileSync(join(KUBERNETES, 'picosocks5.ini'), 'utf8');
  const grace = Number(/^grace = (\d+)$/m.exec(ini)?.[1]);
  const pause = Number(container.lifecycle.preStop.exec.command[1]);
  assert.ok(pod.terminationGracePeriodSeconds > grace + pause);
});

test('the example for Kubernetes has a configuration that is one', async (t) => {
  const folder = temporaryDirectory(t);
  const users = `${folder}/users`;
  const text = readFileSync(`${KUBERNETES}/picosocks5.ini`, 'utf8');
  writeFileSync(users, `alice::${plainSecret('secret')}\n`, { mode: 0o600 });
  const ini = `${folder}/picosocks5.ini`;
  writeFileSync(ini, text.replace('/etc/picosocks5-users/users', users));
  const check = (destination: string) =>
    run(t, process.execPath, [PICOSOCKS5, 'check', '-c', ini, 'alice', 'connect', destination]);
  const allowed = await check('192.0.2.1:443');
  assert.match(allowed.stdout, /^allowed/, allowed.stderr);
  assert.match((await check('10.0.0.1:443')).stdout, /^refused/);
});

test('the example for Kubernetes is what kustomize takes, and its parts name each other', {
  // There is no Debian package of it, so that CI may lack it as well.
  skip: has('kubectl') ? undefined : 'not installed: kubectl',
}, async (t) => {
  const { status: exit, stdout, stderr } = await run(t, 'kubectl', ['kustomize', KUBERNETES]);
  assert.equal(exit, 0, stderr);
  const kinds = [...stdout.matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind);
  assert.deepEqual(kinds.sort(), [
    'ConfigMap',
    'Deployment',
    'HorizontalPodAutoscaler',
    'PodDisruptionBudget',
    'Secret',
    'Service',
  ]);
  const [, map] = /kind: ConfigMap[\s\S]*?\n {2}name: (\S+)/.exec(stdout) ?? [];
  assert.match(stdout, new RegExp(`configMap:\\n +name: ${map}\\n`));
});
