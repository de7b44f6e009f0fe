import { Mark } from "../ui/Icon";
import { AccountMenu } from "./AccountMenu";

export function Header(props: { onHelp: () => void; onTokens: () => void }) {
  return (
    <header className="header">
      <a className="brand" href="/">
        <Mark /> Tasklane
      </a>
      <AccountMenu {...props} />
    </header>
  );
}
