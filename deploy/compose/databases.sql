-- Runs once, when the volume is new. The services log in as owners of a database each, not as the superuser.
\set tasklane_password `cat /run/secrets/tasklane_password`
\set auth_password `cat /run/secrets/auth_password`

CREATE ROLE tasklane LOGIN CREATEROLE PASSWORD :'tasklane_password'; -- its migration makes the roles of the tables
CREATE DATABASE tasklane OWNER tasklane;
REVOKE CONNECT ON DATABASE tasklane FROM PUBLIC;

CREATE ROLE auth LOGIN PASSWORD :'auth_password';
CREATE DATABASE auth OWNER auth;
REVOKE CONNECT ON DATABASE auth FROM PUBLIC;
