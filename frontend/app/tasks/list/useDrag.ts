/** A row that is dragged by its grip, with mouse, finger or pen: up and down among the rows, to the side among the levels. */

import { type PointerEvent, type RefObject, useEffect, useEffectEvent, useRef, useState } from "react";
import { type Gap, gapAt, type Target, targetIn } from "../../data/list/moving";
import type { Row, Tree } from "../../data/list/tree";
import type { Task } from "../../data/types";

/** What a level is indented by, in `styles/tasks.css`. */
const INDENT = 28;
/** Less is a click. */
const SLACK = 4;
/** So near to the edge of the window it scrolls, and so fast at most. */
const [EDGE, SPEED] = [70, 14];

/** Where the row would go: pixels from the top of the list, and the depth. */
export interface Drop {
  readonly top: number;
  readonly depth: number;
}

interface Drag {
  readonly grip: Element;
  readonly row: HTMLElement;
  readonly task: Task;
  readonly pointer: number;
  readonly from: { readonly x: number; readonly y: number; readonly scroll: number };
  x: number;
  y: number;
  gap: Gap | null;
}

interface Settings {
  list: RefObject<HTMLElement | null>;
  rows: readonly Row[];
  tree: Tree;
  onMove: (task: Task, to: Target) => void;
}

export function useDrag({ list, rows, tree, onMove }: Settings) {
  const drag = useRef<Drag | null>(null);
  const [drop, setDrop] = useState<Drop | null>(null);

  /** As its row names it now: a new task gets its lasting id at any moment. */
  const taskOf = ({ row, task }: Drag) => rows.find((one) => one.task.id === Number(row.dataset["task"]))?.task ?? task;

  const begin = (event: PointerEvent) => {
    const grip = (event.target as Element).closest(".task-grip");
    const row = grip?.closest<HTMLElement>("[data-task]");
    const task = rows.find((one) => one.task.id === Number(row?.dataset["task"]))?.task;
    if (!grip || !row || !task || event.button !== 0 || drag.current) return;
    event.preventDefault(); // no text is selected
    grip.setPointerCapture(event.pointerId);
    const { clientX: x, clientY: y, pointerId: pointer } = event;
    drag.current = { grip, row, task, pointer, from: { x, y, scroll: scrollY }, x, y, gap: null };
  };

  const move = (event: PointerEvent) => {
    if (event.pointerId !== drag.current?.pointer) return;
    const { from } = drag.current;
    Object.assign(drag.current, { x: event.clientX, y: event.clientY });
    if (drag.current.gap || Math.hypot(event.clientX - from.x, event.clientY - from.y) > SLACK) look();
  };

  /** Where the pointer is now, among the rows as they are now. */
  const look = useEffectEvent(() => {
    const now = drag.current;
    const area = list.current?.getBoundingClientRect();
    if (!now || !area) return;
    const task = taskOf(now);
    const { others, elements, own } = around(task, rows, tree, list.current as HTMLElement);
    const index = elements.filter((row) => middleOf(row) < now.y).length;
    const wanted = own.depth + Math.round((now.x - now.from.x) / INDENT);
    now.gap = gapAt({ index, depth: wanted }, task, others, tree);
    const next = elements[index]?.getBoundingClientRect().top ?? elements.at(-1)?.getBoundingClientRect().bottom;
    now.row.dataset["dragged"] = "";
    now.row.style.translate = `0 ${now.y - now.from.y + scrollY - now.from.scroll}px`;
    setDrop({ top: (next ?? area.top) - area.top, depth: now.gap.depth });
  });

  const end = useEffectEvent((isMeant: boolean) => {
    const now = drag.current;
    if (!now) return;
    drag.current = null;
    now.row.style.translate = "";
    delete now.row.dataset["dragged"];
    setDrop(null);
    if (!isMeant || !now.gap) return;
    const task = taskOf(now);
    const { others, own } = around(task, rows, tree, list.current as HTMLElement);
    const isThere = now.gap.index === own.index && now.gap.depth === own.depth;
    const target = isThere ? null : targetIn(now.gap, task, others, tree);
    if (target) onMove(task, target);
  });

  // A finger on a grip is no gesture of the browser's, or the next tap would end a fling and nothing else.
  useEffect(() => {
    const area = list.current;
    const hold = (event: TouchEvent) => {
      if (event.cancelable && (event.target as Element).closest(".task-grip")) event.preventDefault();
    };
    area?.addEventListener("touchstart", hold, { passive: false });
    return () => area?.removeEventListener("touchstart", hold);
  }, [list]);

  const isDragging = drop !== null;
  useEffect(() => {
    if (!isDragging) return;
    let frame = requestAnimationFrame(function scroll() {
      const y = drag.current?.y ?? EDGE;
      const past = Math.min(y - EDGE, 0) || Math.max(y - (innerHeight - EDGE), 0);
      if (past) {
        scrollBy(0, (Math.max(-EDGE, Math.min(EDGE, past)) / EDGE) * SPEED);
        look();
      }
      frame = requestAnimationFrame(scroll);
    });
    const cancel = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      end(false);
    };
    addEventListener("keydown", cancel, { capture: true });
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("keydown", cancel, { capture: true });
    };
  }, [isDragging]);

  return {
    drop,
    onPointerDown: begin,
    onPointerMove: move,
    onPointerUp: ({ pointerId }: PointerEvent) => pointerId === drag.current?.pointer && end(true),
    onPointerCancel: ({ pointerId }: PointerEvent) => pointerId === drag.current?.pointer && end(false),
  };
}

/** The rows that stay, what shows them, and the gap in which the task is. */
function around(task: Task, rows: readonly Row[], tree: Tree, list: HTMLElement) {
  const moved = new Set([task.id, ...tree.beneath(task.id).map(({ id }) => id)]);
  const others = rows.filter((row) => !moved.has(row.task.id));
  const shown = new Map(
    [...list.querySelectorAll<HTMLElement>("[data-task]")].map((row) => [row.dataset["task"], row]),
  );
  const elements = others.flatMap((row) => shown.get(String(row.task.id)) ?? []);
  const at = rows.findIndex((row) => row.task.id === task.id);
  return { others, elements, own: { index: Math.max(at, 0), depth: rows[at]?.depth ?? 0 } };
}

function middleOf(row: Element): number {
  const { top, height } = row.getBoundingClientRect();
  return top + height / 2;
}
