#!lua
-- Applies changes of one partition, unless somebody else has moved its position meanwhile.
--
-- KEYS  positions, held, arrivals, contacts to forget
-- ARGV  partition, position that we think it has, position after this, changes as MessagePack:
-- {key of what was applied, record, sequence, commands, contact, whether it was erased, reference, key of what was
-- applied of the contact}: the first is the contact's, too, or its company's.
--
-- A change is applied when its sequence is the next of its contact (or company) and record type; an older one is
-- a duplicate and writes nothing; a newer one is held until those before it have come, so that a gap can neither
-- be hidden nor make the views contradict each other. The sequence is written after the commands, and those are
-- idempotent: so an error half-way (a script is not rolled back) is repaired by applying the change again.
-- An erased contact is named to be forgotten with that change and with each that still comes about it.
local positions, held, arrivals, to_forget = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local partition, expected, after = ARGV[1], ARGV[2], ARGV[3]

local position = redis.call('HGET', positions, partition) or ''
if position ~= expected then
    return {'moved', position}
end

local done = 0

local function run(commands)
    for _, command in ipairs(commands) do
        redis.call(unpack(command))
    end
end

local function apply(change)
    local applied, record, sequence, commands, contact, erased, reference, person = unpack(change)
    run(commands)
    if erased then
        redis.call('HSET', person, 'erased', 1)
    end
    if redis.call('HEXISTS', person, 'erased') == 1 then
        redis.call('SADD', to_forget, contact)
    end
    redis.call('HSET', applied, record, sequence)
    if reference ~= '' then
        redis.call('XADD', arrivals, 'MAXLEN', '~', '1000', '*', 'change', reference)
    end
    done = done + 1
end

local function slot(change, sequence)
    return change[2] .. ':' .. string.format('%d', sequence) .. ':' .. change[1]
end

for _, change in ipairs(cmsgpack.unpack(ARGV[4])) do
    local seen = tonumber(redis.call('HGET', change[1], change[2]) or 0)
    if change[3] > seen + 1 then
        redis.call('HSET', held, slot(change, change[3]), cjson.encode(change))
    elseif change[3] == seen + 1 then
        apply(change)
        local following = change[3] + 1
        local waiting = redis.call('HGET', held, slot(change, following))
        while waiting do
            apply(cjson.decode(waiting))
            redis.call('HDEL', held, slot(change, following))
            following = following + 1
            waiting = redis.call('HGET', held, slot(change, following))
        end
    end
end

redis.call('HSET', positions, partition, after)
return {'applied', done}
