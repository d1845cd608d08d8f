"""Who can get where: stages that nothing enters, moves that never end, and events that show it."""
