// Calls of the API as the pages make them, against the types that openapi-typescript makes.
import type { components, paths } from "./schema";

type Answer<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { "application/json": infer Body } } } };
}
  ? Body
  : never;

const read = async <Path extends keyof paths>(address: string): Promise<Answer<Path>> => {
  const response = await fetch(address, { headers: { Accept: "application/json" } });
  return (await response.json()) as Answer<Path>;
};

type Entity = components["schemas"]["EntityAnswer"];

// picture.js: the path between two parties.
export const hops = async (source: string, target: string): Promise<[string, Entity, boolean][]> => {
  const query = new URLSearchParams({ source, target });
  const answer = await read<"/api/v1/graph/paths/">(`/api/v1/graph/paths/?${query}`);
  return answer.hops.map((hop) => [hop.id, hop.target, hop.forward]);
};

// One shape of an edge: the same function reads edges of three answers.
interface Edge {
  id: string;
  source: Entity | null;
  target: Entity | null;
}
// A list's rows have the fields that `fields=` names, so that each may be missing there.
export const named = (edge: Partial<Edge>): string => `${edge.source?.name} → ${edge.target?.name}`;

export const edges = async (entity: string): Promise<string[]> => {
  const near = await read<"/api/v1/graph/entities/{entity_id}/neighbourhood/">(
    `/api/v1/graph/entities/${entity}/neighbourhood/`,
  );
  const listed = await read<"/api/v1/graph/relationships/">("/api/v1/graph/relationships/");
  const found = await read<"/api/v1/graph/insights/{layer}/">("/api/v1/graph/insights/fraud/");
  return [...near.edges, ...listed.results, ...found.results].map(named);
};

// upload.js and import.js: a file in pieces, and rejected rows by cells.
type Schemas = components["schemas"];
export const toCome = (upload: Schemas["UploadDetailAnswer"]): [string, number, number[]] => [
  upload.id, upload.piece_bytes, upload.missing ?? [],
];
export const mended = (listed: Schemas["RejectedAnswer"]): Schemas["RejectedBody"] => ({
  rows: listed.results.map(({ line, cells }) => ({ line, cells })),
  drop: [],
});

export const decision: components["schemas"]["PairDecisionBody"] = { decision: "merge", seen: "open" };

// @ts-expect-error: there is no such decision
export const wrong: components["schemas"]["PairDecisionBody"] = { decision: "burn" };
