import type { NextConfig } from "next";

const { TASKLANE_URL, AUTH_URL } = process.env;

export default {
  rewrites: async () => [
    {
      source: "/api/tasks/:path*",
      destination: `${TASKLANE_URL}/api/tasks/:path*`,
    },
    { source: "/api/auth/:path*", destination: `${AUTH_URL}/api/auth/:path*` },
  ],
  turbopack: { root: `${import.meta.dirname}/..` },
} satisfies NextConfig;
