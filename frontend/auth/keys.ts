/**
 * Keys that take over from each other unseen. Better Auth makes a new key at the moment it signs with it, and whoever
 * fetched the key set just before does not know it; here the next key is published well before it signs anything.
 */

import { symmetricEncrypt } from "better-auth/crypto";
import { generateExportedKeyPair } from "better-auth/plugins/jwt";
import type { Auth } from "./auth";
import { log } from "./log";
import type { Settings } from "./settings";

/** Seconds between the publication of a key and its first use: more than the API keeps a key set. */
const NOTICE = 1800;

interface Key {
  id: string;
  createdAt: Date;
  expiresAt: Date | null;
}

/** Look after the keys from now on, without keeping the process alive; returns what ends it. */
export function rotateKeys(auth: Auth, settings: Settings): () => void {
  if (settings.keyLifetime === 0) return () => {};
  const notice = Math.min(NOTICE, settings.keyLifetime / 2);
  const look = () =>
    publishSuccessor(auth, settings.keyLifetime, notice).catch((error: unknown) => {
      log("warn", "key_rotation_failed", { reason: String(error) });
    });
  void look();
  const timer = setInterval(look, (notice * 1000) / 4).unref();
  return () => clearInterval(timer);
}

/**
 * Better Auth signs with the youngest key that has not expired. So a successor that is older by a millisecond is
 * published but not used until the present key expires. Two servers may each publish one; that does no harm.
 */
async function publishSuccessor(auth: Auth, lifetime: number, notice: number): Promise<void> {
  const { adapter, secretConfig } = await auth.$context;
  const now = Date.now();
  const keys = await adapter.findMany<Key>({ model: "jwks" });
  const live = keys.filter((key) => !key.expiresAt || key.expiresAt.getTime() > now);
  const present = live.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())[0];
  const ends = present ? (present.expiresAt?.getTime() ?? Infinity) : now;
  const succeeded = live.some((key) => key !== present && (key.expiresAt?.getTime() ?? Infinity) > ends);
  if (succeeded || ends > now + notice * 1000) return;
  const { publicWebKey, privateWebKey, alg } = await generateExportedKeyPair();
  await adapter.create({
    model: "jwks",
    data: {
      alg,
      crv: publicWebKey.crv,
      publicKey: JSON.stringify(publicWebKey),
      privateKey: JSON.stringify(await symmetricEncrypt({ key: secretConfig, data: JSON.stringify(privateWebKey) })),
      createdAt: present ? new Date(present.createdAt.getTime() - 1) : new Date(now),
      expiresAt: new Date(ends + lifetime * 1000),
    },
  });
}
