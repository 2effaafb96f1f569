    PERFORM public.recorded_transaction({everybody});
