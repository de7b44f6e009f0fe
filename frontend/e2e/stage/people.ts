/** Users made through the front door: Better Auth's routes and the API's own client. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Api, createApi, type NewTask, type Task } from "../../lib/api";
import { BASE } from "./settings";

export const PASSWORD = "correct horse battery";

let made = 0;

export interface Person {
  name: string;
  email: string;
  password: string;
}

/** Someone who has no account yet, and whom no other test knows. */
export function someone(name = "Ada Lovelace"): Person {
  made += 1;
  return { name, email: `ada-${process.pid}-${Date.now()}-${made}@example.com`, password: PASSWORD };
}

/** Someone with an account. */
export class User {
  readonly person: Person;
  readonly api: Api;
  readonly #cookie: string;

  constructor(person: Person, cookie: string, base: string) {
    this.person = person;
    this.#cookie = cookie;
    this.api = createApi({ baseUrl: base, token: () => this.token(base) });
  }

  /** The session's, for a browser. */
  cookies(base: string) {
    return this.#cookie.split("; ").map((pair) => {
      const [name = "", ...value] = pair.split("=");
      return { name, value: value.join("="), url: base, httpOnly: true, secure: name.startsWith("__Secure-") };
    });
  }

  async token(base = BASE): Promise<string> {
    const response = await fetch(`${base}/api/auth/token`, { headers: { Cookie: this.#cookie } });
    return ((await response.json()) as { token: string }).token;
  }

  addTask(task: NewTask): Promise<Task> {
    return this.api.createTask(task);
  }
}

export async function newUser(base = BASE): Promise<User> {
  const person = someone();
  for (;;) {
    const response = await fetch(`${base}/api/auth/sign-up/email`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Origin: base },
      body: JSON.stringify(person),
    });
    if (response.ok) {
      const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(";", 1)[0]);
      return new User(person, cookies.join("; "), base);
    }
    // Better Auth takes a few attempts in ten seconds, unless it is set to take more.
    if (response.status !== 429) throw new Error(`sign-up: ${response.status} ${await response.text()}`);
    await sleep(1000 * Number(response.headers.get("X-Retry-After") ?? 1));
  }
}
