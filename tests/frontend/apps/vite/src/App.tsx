import type { Api, Task } from "@tasklane/client";
import { useTasks } from "@tasklane/client/react";
import { type FormEvent, useState } from "react";

export function App({ api }: { api: Api }) {
  const [shown, setShown] = useState(true);
  return (
    <main>
      <h1>Tasks</h1>
      <button type="button" onClick={() => setShown(!shown)}>
        {shown ? "Leave" : "Come back"}
      </button>
      {shown && <List api={api} />}
    </main>
  );
}

function List({ api }: { api: Api }) {
  const { tasks, state, error, addTask } = useTasks(api);
  const [refusal, setRefusal] = useState("");

  function add(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const title = String(new FormData(event.currentTarget).get("title"));
    event.currentTarget.reset();
    addTask({ title }).catch((failure: Error) => setRefusal(failure.message));
  }

  return (
    <>
      <form onSubmit={add}>
        <input name="title" aria-label="New task" />
      </form>
      <p role="status">{error ? error.message : state}</p>
      {refusal && <p role="alert">{refusal}</p>}
      <ul>
        {tasks?.map((task) => (
          <Row key={task.id} api={api} task={task} />
        ))}
      </ul>
    </>
  );
}

/** Each row may have the list, too: it is one. */
function Row({ api, task: { id, title, completed } }: { api: Api; task: Task }) {
  const { pending, completeTask, deleteTask } = useTasks(api);
  return (
    <li aria-busy={pending.has(id)}>
      <input
        type="checkbox"
        aria-label={title}
        checked={completed}
        onChange={(event) => completeTask(id, event.target.checked)}
      />
      <span>{title}</span>
      <button type="button" aria-label={`Delete ${title}`} onClick={() => deleteTask(id)}>
        ×
      </button>
    </li>
  );
}
