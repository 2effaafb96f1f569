    INSERT INTO public.change_marks (user_id, kind, became, size, ids)
    VALUES ({everybody}, {everything}, 0, 0, '{{}}');
