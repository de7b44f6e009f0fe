import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { betterAuthTokens, createApi } from "@tasklane/client";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";

const api = createApi({ token: betterAuthTokens() });

createRoot(document.body).render(
  <StrictMode>
    <QueryClientProvider client={new QueryClient()}>
      <App api={api} />
    </QueryClientProvider>
  </StrictMode>,
);
