import { useEffect, useState } from "react";

export const MINUTE = 60_000;

/** The time, told anew every `period` milliseconds. */
export function useNow(period: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), period);
    return () => clearInterval(timer);
  }, [period]);
  return now;
}
