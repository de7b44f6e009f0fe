"""The protocol's Lua: each changes more than one field of a list's hash, atomically, under the contract on its top."""

# KEYS[1] the hash. ARGV: a fresh lease, the TTL in seconds, the variant's field. Returns {lease, fence, value}.
# The TTL is renewed only with the hash: an entry that nobody fills or raises goes away.
OPEN = """
local found = redis.call('HMGET', KEYS[1], 'lease', 'fence', ARGV[3])
if found[1] then return found end
redis.call('HSET', KEYS[1], 'lease', ARGV[1], 'fence', 0)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return {ARGV[1], '0', false}
"""

# KEYS[1] the hash. ARGV: the lease of the open, the value's revision, the variant's field, the value, the TTL in
# seconds, the most fields that a hash may have. Returns 1 if it was stored.
FILL = """
local found = redis.call('HMGET', KEYS[1], 'lease', 'fence')
if found[1] ~= ARGV[1] then return 0 end
local fence, revision = tonumber(found[2]), tonumber(ARGV[2])
if revision < fence then return 0 end
if revision > fence then
    redis.call('DEL', KEYS[1])
    redis.call('HSET', KEYS[1], 'lease', ARGV[1], 'fence', ARGV[2])
elseif redis.call('HEXISTS', KEYS[1], ARGV[3]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6]) then
    for _, field in ipairs(redis.call('HRANDFIELD', KEYS[1], 3)) do
        if field ~= 'lease' and field ~= 'fence' then redis.call('HDEL', KEYS[1], field) break end
    end
end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
"""

# KEYS[1] the hash. ARGV: the revision, a fresh lease, the TTL in seconds. Returns 1 if the fence moved.
# Made when absent: a reader that opens after this and queries before the COMMIT must find the fence in its way.
# Made anew when it is no hash of ours (pcall): what somebody else put there must not keep a write from being announced.
# DEL comes first: it needs no memory, and after a script's first write Redis refuses it none (maxmemory).
RAISE = """
local found = redis.pcall('HMGET', KEYS[1], 'lease', 'fence')
local fence = tonumber(found[2])
if fence and fence >= tonumber(ARGV[1]) then
    redis.call('EXPIRE', KEYS[1], ARGV[3])  -- outlives the transaction in any case
    return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'lease', found[1] or ARGV[2], 'fence', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
