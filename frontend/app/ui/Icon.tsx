const PATHS = {
  alert: "M12 8v5m0 3.5v.01M10.3 4 2.8 17a2 2 0 0 0 1.7 3h15a2 2 0 0 0 1.7-3L13.7 4a2 2 0 0 0-3.4 0Z",
  beneath: "M6 4v9a2 2 0 0 0 2 2h11m-4-4 4 4-4 4",
  calendar: "M7 3v3m10-3v3M4 9h16M5 5h14a1 1 0 0 1 1 1v13a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Z",
  chevron: "m6 9 6 6 6-6",
  circle: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16Z",
  clock: "M12 7v5l3 2m-3-10a8 8 0 1 0 0 16 8 8 0 0 0 0-16Z",
  close: "M6 6l12 12M18 6 6 18",
  cloud: "M4 4l16 16M9 7.4A6 6 0 0 1 18 11a4 4 0 0 1 2.6 6.4M7 9.5A5 5 0 0 0 8 19h8",
  done: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16Zm-3.5 8.2 2.5 2.5 4.5-5",
  flag: "M6 21V4m0 1h11l-2 4 2 4H6",
  list: "M9 6h11M9 12h11M9 18h11M4.5 6v.01M4.5 12v.01M4.5 18v.01",
  more: "M5.5 11.5h1v1h-1zM11.5 11.5h1v1h-1zM17.5 11.5h1v1h-1z",
  plus: "M12 5v14M5 12h14",
  repeat: "M17 3l3 3-3 3M4 11V9a3 3 0 0 1 3-3h13M7 21l-3-3 3-3m13-2v2a3 3 0 0 1-3 3H4",
  restore: "M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5",
  search: "m20 20-4.5-4.5M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14Z",
  select: "M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1Zm3.5 8.2 2.5 2.5 4.5-5",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Zm0-6v2m0 16v2M2 12h2m16 0h2M5 5l1.4 1.4m11.2 11.2L19 19M19 5l-1.4 1.4M6.4 17.6 5 19",
  tag: "M4 5v6.2a2 2 0 0 0 .6 1.4l7 7a2 2 0 0 0 2.8 0l5.2-5.2a2 2 0 0 0 0-2.8l-7-7A2 2 0 0 0 11.2 4H5a1 1 0 0 0-1 1Zm4.5 3.5v.01",
  trash: "M4 7h16M9 7V5a1 1 0 0 1 1-1h4a1 1 0 0 1 1 1v2M6 7l1 12a1 1 0 0 0 1 1h8a1 1 0 0 0 1-1l1-12M10 11v5m4-5v5",
} as const;

export type IconName = keyof typeof PATHS;

/** For the eye only: what it stands for is said in words beside it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" />
      <path className="mark-lanes" d="M8 10h8M8 16h5M8 22h7" />
      <path className="mark-check" d="m17 19 3.2 3.4L26 14" />
    </svg>
  );
}
