/** Texts as the service compares them, whoever wrote them: small letters in one normal form (ADR 0035, ADR 0047). */

export function folded(text: string): string {
  const small = text.normalize("NFKC").toLowerCase();
  return small.replaceAll("\u03c2", "\u03c3").replaceAll("\u00df", "ss").normalize("NFKC");
}

const MARK = /\p{Mn}/u;

/** Whether `sought`, which is folded, stands in `text`: a letter with a mark of its own is another letter. */
export function has(text: string, sought: string): boolean {
  const within = folded(text);
  for (let at = within.indexOf(sought); at >= 0; at = within.indexOf(sought, at + 1))
    if (!MARK.test(within.charAt(at + sought.length))) return true;
  return false;
}
