#!lua
-- Applies changes of one partition, unless somebody else has moved its position meanwhile.
--
-- KEYS  positions, held, arrivals    ARGV  prefix, partition, position that we think it has, position after this,
-- changes as MessagePack: {contact, record, sequence, {command, ...}, brief}. A command's key lacks the prefix.
--
-- A change is applied when its sequence is the next of its contact and record type; an older one is a duplicate and
-- writes nothing; a newer one is held until those before it have come, so that a gap can neither be hidden nor make
-- the views contradict each other. The sequence is written after the commands, and those are idempotent: so
-- an error half-way (a script is not rolled back) is repaired by applying the change again.
local positions, held, arrivals = KEYS[1], KEYS[2], KEYS[3]
local prefix, partition, expected, after = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local position = redis.call('HGET', positions, partition) or ''
if position ~= expected then
    return {'moved', position}
end

local done = 0

local function apply(change)
    local contact, record, sequence, commands, brief = unpack(change)
    for _, command in ipairs(commands) do
        command[2] = prefix .. command[2]
        redis.call(unpack(command))
    end
    redis.call('HSET', prefix .. 'applied:' .. contact, record, sequence)
    redis.call('XADD', arrivals, 'MAXLEN', '~', '1000', '*', 'change', brief)
    done = done + 1
end

local function slot(change, sequence)
    return change[2] .. ':' .. string.format('%d', sequence) .. ':' .. change[1]
end

for _, change in ipairs(cmsgpack.unpack(ARGV[5])) do
    local seen = tonumber(redis.call('HGET', prefix .. 'applied:' .. change[1], change[2]) or 0)
    if change[3] > seen + 1 then
        redis.call('HSET', held, slot(change, change[3]), cmsgpack.pack(change))
    elseif change[3] == seen + 1 then
        apply(change)
        local following = change[3] + 1
        local waiting = redis.call('HGET', held, slot(change, following))
        while waiting do
            apply(cmsgpack.unpack(waiting))
            redis.call('HDEL', held, slot(change, following))
            following = following + 1
            waiting = redis.call('HGET', held, slot(change, following))
        end
    end
end

redis.call('HSET', positions, partition, after)
return {'applied', done}
