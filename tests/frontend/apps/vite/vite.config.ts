import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const { TASKLANE_URL = "", AUTH_URL = "" } = process.env;

export default defineConfig({
  plugins: [react()],
  preview: { proxy: { "/api/auth": AUTH_URL, "/api/tasks": TASKLANE_URL } },
});
