import { Mark } from "../ui/Icon";
import { AccountMenu } from "./AccountMenu";

interface Props {
  onHelp: () => void;
  onImport: () => void;
  onTokens: () => void;
}

export function Header(props: Props) {
  return (
    <header className="header">
      <a className="brand" href="/">
        <Mark /> Tasklane
      </a>
      <AccountMenu {...props} />
    </header>
  );
}
