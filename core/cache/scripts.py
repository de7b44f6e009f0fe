"""The protocol's Lua: each changes more than one field of a hash, atomically, under the contract on its top.

A list's hash has the fields `fence`, `lease`, `v:<variant>`, `bytes` (of all values) and `seen`: the fence, once an
answer of that revision was filled in, stored or not. It proves what a value of that revision would prove: that the list
stands there. A lease is `<generation>.<random>`: a value is of the generation in the lease beside it. The fence never
falls: revisions are times, comparable whoever gave them, and a lower fence would forget a raise that is under way.
"""

# KEYS[1] the generation's hash. ARGV: the server's own id ("" where it hides it), a fresh id, the history that the
# generation must have ("": whichever), "1" if it must be a fresh one in any case. Returns {id, history}.
# A generation is of one Redis server and one history of PostgreSQL. What was cached under another is never a hit: a
# promoted replica may have missed raises, a promoted standby has lost what the cache still shows.
# pcall: what somebody else put there must not keep the cache from being used. DEL first: it needs no memory.
GENERATION = """
local found = redis.pcall('HMGET', KEYS[1], 'id', 'server', 'history')
local id, server, history = found[1], found[2], found[3] or ''
local same = id and server == ARGV[1] and ARGV[4] == '0'
if same and (ARGV[3] == '' or history == ARGV[3]) then return {id, history} end
if not same or history ~= '' then id = ARGV[2] end  -- while it has no history nothing is stored under it
if ARGV[3] ~= '' then history = ARGV[3] end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'id', id, 'server', ARGV[1], 'history', history)
return {id, history}
"""

# KEYS[1] the list's hash. ARGV: the generation, a fresh lease of it, the TTL in seconds, the variant's field. Returns
# {lease, fence, value}. The TTL is renewed only with the hash: an entry that nobody fills or raises goes away.
OPEN = """
local found = redis.call('HMGET', KEYS[1], 'lease', 'fence', ARGV[4])
local lease, fence = found[1], found[2] or '0'
if lease and string.sub(lease, 1, #ARGV[1] + 1) == ARGV[1] .. '.' then return {lease, fence, found[3]} end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'lease', ARGV[2], 'fence', fence)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return {ARGV[2], fence, false}
"""

# KEYS[1] the list's hash. ARGV: the lease of the open ("": nothing may be stored), the value's revision, the variant's
# field, the value ("": it is not to be stored), the TTL in seconds, the most fields that a hash may have, a fresh
# lease, the most bytes of all values. Returns 1 if it was stored. Others make room for it, drawn at random.
# The fence is raised in any case: once anyone was shown a state, nothing older is a hit, whatever became of the lease.
FILL = """
local found = redis.call('HMGET', KEYS[1], 'lease', 'fence')
local lease, fence, revision = found[1], tonumber(found[2]), tonumber(ARGV[2])
if fence and revision < fence then return 0 end
if not fence or revision > fence then
    redis.call('DEL', KEYS[1])
    redis.call('HSET', KEYS[1], 'lease', lease or ARGV[7], 'fence', ARGV[2])
    redis.call('EXPIRE', KEYS[1], ARGV[5])
end
if lease ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'seen', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[5])
if ARGV[4] == '' then return 0 end
local kept = redis.call('HMGET', KEYS[1], 'bytes', ARGV[3])
local bytes = (tonumber(kept[1]) or 0) - #(kept[2] or '')
local full = not kept[2] and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6])
for _ = 1, 100 do
    if not full and bytes + #ARGV[4] <= tonumber(ARGV[8]) then break end
    for _, field in ipairs(redis.call('HRANDFIELD', KEYS[1], 4)) do
        if string.sub(field, 1, 2) == 'v:' and field ~= ARGV[3] then
            bytes = bytes - #redis.call('HMGET', KEYS[1], field)[1]
            redis.call('HDEL', KEYS[1], field)
            full = false
            break
        end
    end
end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4], 'bytes', bytes + #ARGV[4])
return 1
"""

# KEYS[1] the list's hash. ARGV: the revision, a fresh lease, the TTL in seconds, "1" if no absent hash is to be made,
# the channel on which the revision is told, too ("": on none). Returns 1 if the fence moved.
# Nobody is told before the COMMIT: they would look for what nobody can see yet, and not be told again.
# pcall: where an account may not publish the fence is raised all the same, and listeners find out when they look.
# Before the COMMIT it is made when absent: a reader that opens after this and queries before the COMMIT must find the
# fence in its way. After it, an absent hash has nothing to void: whoever opens from now on queries what is committed,
# and who opened before has a lease that no longer exists. So lists that nobody reads take no room.
# Made anew when it is no hash of ours (pcall): what somebody else put there must not keep a write from being announced.
# DEL comes first: it needs no memory, and after a script's first write Redis refuses it none (maxmemory).
RAISE = """
if ARGV[5] ~= '' then redis.pcall('PUBLISH', ARGV[5], ARGV[1]) end
local found = redis.pcall('HMGET', KEYS[1], 'lease', 'fence')
if ARGV[4] == '1' and not (found.err or found[1] or found[2]) then return 0 end
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
