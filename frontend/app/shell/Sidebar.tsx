import { type MouseEvent, useLayoutEffect, useRef } from "react";
import { type Filters, NO_FILTERS } from "../data/list/filters";
import type { Counts } from "../data/list/select";
import { type Place, queryOf } from "../data/list/useFilters";
import { Icon, type IconName } from "../ui/Icon";
import { isAt, VIEWS } from "./views";
import { t } from "../text";

interface Props {
  place: Place;
  stats: Counts | undefined;
  onGo: (next: Partial<Filters> & { trash?: boolean }) => void;
}

const TAGS = 12;

export function Sidebar({ place, stats, onGo }: Props) {
  const tags = Object.entries(stats?.by_tag ?? {}).toSorted(([a, n], [b, m]) => m - n || a.localeCompare(b));
  const toggleTag = (tag: string) => {
    const { tags: chosen } = place.filters;
    return {
      ...place.filters,
      tags: chosen.includes(tag) ? chosen.filter((other) => other !== tag) : [...chosen, tag],
    };
  };
  const nav = useRef<HTMLElement>(null);
  const inSight = useRef<Place>(null);
  // On a phone the views are one line: where one is must be in sight, once; from then on a finger may move the line.
  useLayoutEffect(() => {
    const here = nav.current?.querySelector<HTMLElement>("[aria-current]"); // a tag is here when its tasks are
    if (!here || !nav.current || inSight.current === place) return;
    nav.current.scrollLeft = here.offsetLeft - (nav.current.clientWidth - here.clientWidth) / 2;
    inSight.current = place;
  });
  return (
    <nav ref={nav} className="sidebar" aria-label={t.views.title}>
      <ul>
        {VIEWS.map((view) => {
          const filters = { ...NO_FILTERS, sort: place.filters.sort, status: view.status, due: view.due };
          return (
            <Item
              key={view.title}
              title={view.title}
              icon={view.icon}
              count={stats && view.count?.(stats)}
              current={isAt(view, place)}
              query={queryOf(filters)}
              onGo={() => onGo(filters)}
            />
          );
        })}
        <Item
          title={t.views.trash}
          icon="trash"
          current={place.trash}
          query={new URLSearchParams({ view: "trash" })}
          onGo={() => onGo({ trash: true })}
        />
      </ul>
      {tags.length > 0 && (
        <section className="sidebar-tags" aria-labelledby="tags-heading">
          <h2 id="tags-heading">{t.views.tags}</h2>
          <ul>
            {tags.slice(0, TAGS).map(([tag, count]) => (
              <Item
                key={tag}
                title={tag}
                icon="tag"
                count={count}
                current={!place.trash && place.filters.tags.includes(tag)}
                query={queryOf(toggleTag(tag))}
                onGo={() => onGo(toggleTag(tag))}
              />
            ))}
          </ul>
        </section>
      )}
    </nav>
  );
}

interface ItemProps {
  title: string;
  icon: IconName;
  count?: number | undefined;
  current: boolean;
  query: URLSearchParams;
  onGo: () => void;
}

/** A true link: it can be copied and opened in a tab of its own. */
function Item({ title, icon, count, current, query, onGo }: ItemProps) {
  const go = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    onGo();
  };
  return (
    <li>
      <a className="nav-item" href={`?${query}`} aria-current={current ? "true" : undefined} onClick={go}>
        <Icon name={icon} />
        <span className="nav-title">{title}</span>
        {count ? <span className="nav-count">{count}</span> : null}
      </a>
    </li>
  );
}
