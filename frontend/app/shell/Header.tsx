import { Mark } from "../ui/Icon";
import { AccountMenu } from "./AccountMenu";

export function Header({ onHelp }: { onHelp: () => void }) {
  return (
    <header className="header">
      <a className="brand" href="/">
        <Mark /> Tasklane
      </a>
      <AccountMenu onHelp={onHelp} />
    </header>
  );
}
