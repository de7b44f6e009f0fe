/** What a list in React looks like while writes are on their way, with what is beneath a task. */

import { expect, test } from "vitest";
import type { Api, Task } from "../../lib/api";
import { ownId, send, withWrites, type Write } from "../../lib/react/writes";

function task(id: number, parent: number | null = null): Task {
  const made = { title: `${id}`, parent_id: parent, position: String(9 - id), completed: false };
  return { id, ...made } as unknown as Task;
}

const LIST = [task(5, 4), task(4, 2), task(3, 2), task(2), task(1)];

const byHand = (...writes: Write[]) =>
  withWrites(LIST, writes)
    .toSorted((one, other) => (one.position < other.position ? -1 : 1))
    .map(({ id, parent_id }) => (parent_id === null ? `${id}` : `${id} in ${parent_id}`));

test("a move shows its place and its parent at once", () => {
  expect(byHand()).toEqual(["5 in 4", "4 in 2", "3 in 2", "2", "1"]);
  expect(byHand({ kind: "move", id: 1, to: { after: 4 } })).toEqual(["5 in 4", "4 in 2", "1 in 2", "3 in 2", "2"]);
  expect(byHand({ kind: "move", id: 1, to: { parent_id: 3 } })).toEqual(["1 in 3", "5 in 4", "4 in 2", "3 in 2", "2"]);
  const twice: Write[] = [
    { kind: "move", id: 1, to: { after: 5, parent_id: null } },
    { kind: "move", id: 2, to: { after: 5, parent_id: null } },
  ];
  expect(byHand(...twice)).toEqual(["5 in 4", "2", "1", "4 in 2", "3 in 2"]);
});

test("a move that would make a circle with what another device has done is not shown", () => {
  expect(byHand({ kind: "move", id: 2, to: { parent_id: 5 } })).toEqual(byHand());
});

test("what is beneath a task is completed and deleted with it", () => {
  const done = withWrites(LIST, [{ kind: "complete", id: 2, completed: true }]);
  expect(done.filter(({ completed }) => completed).map(({ id }) => id)).toEqual([5, 4, 3, 2]);
  expect(withWrites(LIST, [{ kind: "delete", id: 4 }]).map(({ id }) => id)).toEqual([3, 2, 1]);
});

test("what is made beneath a task, and moved behind one, that is not saved yet is sent by its later name", async () => {
  const asked: unknown[] = [];
  const api = {
    createTask: async (made: object) => (asked.push(made), task(7)),
    moveTask: async (...move: unknown[]) => (asked.push(move), task(1)),
  } as unknown as Api;
  const own = ownId();
  await send(api, { kind: "add", id: own, task: { title: "upper" }, after: 5 });
  await send(api, { kind: "add", id: ownId(), task: { title: "lower", parent_id: own }, after: 5 });
  await send(api, { kind: "move", id: 1, to: { after: own, parent_id: own } });
  expect(asked).toEqual([{ title: "upper" }, { title: "lower", parent_id: 7 }, [1, { after: 7, parent_id: 7 }]]);
});
