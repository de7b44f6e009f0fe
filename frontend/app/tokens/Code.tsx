/** What DAVx⁵ asks for as a code for a telephone's camera: it is opened by the link, and its form is filled in. */

import { useState } from "react";
import { t } from "../text";

/** DAVx⁵ takes what stands before the host for the user name and the password; any name will do here. */
const USER = "tasklane";

/** As wide as the standard wants it (ISO/IEC 18004). */
const BORDER = 4;

type Grid = readonly (readonly boolean[])[];

export function Code({ address, token }: { address: string; token: string }) {
  const [grid, setGrid] = useState<Grid | null>(null);
  const show = async () => {
    const { encode } = await import("uqr");
    setGrid(encode(linkOf(address, token), { ecc: "M", border: BORDER }).data);
  };
  if (!grid) {
    return (
      <button type="button" className="button" data-kind="quiet" onClick={() => void show()}>
        {t.tokens.showCode}
      </button>
    );
  }
  return (
    <figure className="token-code">
      <svg
        role="img"
        aria-label={t.tokens.code}
        viewBox={`0 0 ${grid.length} ${grid.length}`}
        shapeRendering="crispEdges"
      >
        <path d={drawn(grid)} />
      </svg>
      <figcaption>{t.tokens.scan}</figcaption>
    </figure>
  );
}

function linkOf(address: string, token: string): string {
  const { protocol, host, pathname } = new URL(address);
  return `${protocol === "https:" ? "caldavs" : "caldav"}://${USER}:${token}@${host}${pathname}`;
}

function drawn(grid: Grid): string {
  return grid.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
}
