"use client";

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { betterAuthTokens, createApi } from "@tasklane/client";
import { useTasks } from "@tasklane/client/react";
import { useState } from "react";

const api = createApi({ token: betterAuthTokens() });

export function Tasks() {
  const [client] = useState(() => new QueryClient());
  return (
    <QueryClientProvider client={client}>
      <List />
    </QueryClientProvider>
  );
}

function List() {
  const { tasks, state, error, pending, addTask, completeTask, deleteTask } = useTasks(api);
  const [refusal, setRefusal] = useState("");
  const said = (work: Promise<unknown>) => void work.catch((failure: Error) => setRefusal(failure.message));
  return (
    <>
      <form action={(form) => said(addTask({ title: String(form.get("title")) }))}>
        <input name="title" aria-label="New task" />
      </form>
      <p role="status">{error ? error.message : state}</p>
      {refusal && <p role="alert">{refusal}</p>}
      <ul>
        {tasks?.map(({ id, title, completed }) => (
          <li key={id} aria-busy={pending.has(id)}>
            <input
              type="checkbox"
              aria-label={title}
              checked={completed}
              onChange={(event) => said(completeTask(id, event.target.checked))}
            />
            <span>{title}</span>
            <button type="button" aria-label={`Delete ${title}`} onClick={() => said(deleteTask(id))}>
              ×
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
