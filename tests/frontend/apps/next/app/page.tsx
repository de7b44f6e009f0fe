import { Tasks } from "./tasks";

export default function Page() {
  return (
    <main>
      <h1>Tasks</h1>
      <Tasks />
    </main>
  );
}
