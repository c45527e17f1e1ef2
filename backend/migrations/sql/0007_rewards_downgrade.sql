-- Away with rewards.
DROP TABLE draw_entry, prize_draw, donation, cause, redemption, reward, institution_reward_policy;
